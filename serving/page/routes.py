"""The HTTP routes of the page, which asks the server's own REST API and nothing else."""

import html
from collections.abc import Callable
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TYPES = {
    "style.css": "text/css",
    "main.js": "text/javascript",
    "photograph.js": "text/javascript",
    "answer.js": "text/javascript",
    "boxes.js": "text/javascript",
    "results.js": "text/javascript",
    "score_map.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # a newer server's page and scripts belong together
}


def page_routes(model_name: str) -> list[Route]:
    """GET `/`, the page for the model that the server calls `model_name`, and GET `/page/NAME`, its files."""
    page = _file("page.html").replace("MODEL_NAME", html.escape(model_name))
    files = [Route(f"/page/{name}", _answer(_file(name), kind)) for name, kind in TYPES.items()]
    return [Route("/", _answer(page, "text/html")), *files]


def _answer(content: str, media_type: str) -> Callable:
    async def answer(request: Request) -> Response:
        return Response(content, media_type=media_type, headers=HEADERS)

    return answer


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
