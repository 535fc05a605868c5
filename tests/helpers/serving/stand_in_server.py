"""A stand-in for the server: the real page, and REST answers that a test writes itself."""

import asyncio
import base64
import json
import threading
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from serving.page.routes import page_routes

CLASSES = ["daisy", "tulips", "<i>roses</i>", "sunflowers", "dandelion"]
PROBABILITIES = [0.81, 0.1, 0.05, 0.03, 0.01]


def map_of(rows: int, columns: int, value: Callable[[int, int], float]) -> list:
    """A score map whose first class has `value(row, column)`, the second 2 less, the others 1 everywhere."""
    return [
        [[value(row, column), value(row, column) - 2, 1.0, 1.0, 1.0] for column in range(columns)]
        for row in range(rows)
    ]


class StandIn:
    """Answers `:predict` with `prediction`, or with what `refuse` says.

    Attributes:
        prediction: one element of TF Serving's "predictions".
        refuse: (HTTP status, text of the error) of a request's JSON and headers; None for an answer.
        hold: whether requests are kept until `let_go`.
        asked: released for each request that came.
        images: bytes of each image that came.
    """

    def __init__(self, model: str = "vgg"):
        self.images: list[bytes] = []
        self.prediction = {"top_classes": CLASSES, "top_probabilities": PROBABILITIES}
        self.refuse = lambda asked, headers: None
        self.hold = False
        self.asked = threading.Semaphore(0)
        self._free = threading.Event()
        rest = Route("/v1/models/{path:path}", self._rest, methods=["GET", "POST"])
        application = Starlette(routes=[rest, *page_routes(model)])
        config = uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.01)
            assert self._thread.is_alive(), "the stand-in server has ended"
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.address = f"http://127.0.0.1:{port}/"

    def close(self) -> None:
        """Ends it; it does not answer any more."""
        self.let_go()
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)

    def let_go(self) -> None:
        """Answers what was held."""
        self._free.set()

    async def _rest(self, request: Request) -> Response:
        if request.method == "GET":
            versions = [{"version": "7", "state": "AVAILABLE"}, {"version": "8", "state": "LOADING"}]
            return JSONResponse({"model_version_status": versions})
        asked = json.loads(await request.body())
        held = self.hold
        self.asked.release()
        if held:
            await asyncio.to_thread(self._free.wait)
        self.images.append(base64.b64decode(asked["instances"][0]["image_bytes"]["b64"]))
        if refused := self.refuse(asked, request.headers):
            status, text = refused
            return JSONResponse({"error": text}, status)
        return JSONResponse({"predictions": [self.prediction]})
