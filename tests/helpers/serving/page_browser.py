"""Headless Chromium driven over the DevTools protocol's pipe: needs no websocket and no driver."""

import base64
import json
import os
import subprocess
import time
from pathlib import Path

from helpers.chromium import CHROMIUM

OPTIONS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--hide-scrollbars",
]  # fmt: skip
MIDDLE = """(() => {const found = document.querySelector(%s); found.scrollIntoView({block: 'center'});
  const box = found.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]})()"""
PATIENCE = 60  # seconds, on a machine with other work


class Browser:
    """One Chromium process; `page` opens a page in it."""

    def __init__(self, profile: Path):
        to_browser, self._send = os.pipe()
        self._receive, from_browser = os.pipe()
        # The protocol's pipes are the browser's descriptors 3 and 4.
        command = [CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        shell = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *command],
            pass_fds=(to_browser, from_browser),
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._number, self._text, self._events = 0, b"", []

    def page(self, address: str, *, width: int = 1100, height: int = 900, dark: bool = False) -> "Page":
        """Opens `address` in a window of that size."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, context)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.call(f"{domain}.enable")
        page.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.call("Emulation.setEmulatedMedia", features=[scheme])
        page.call("Page.navigate", url=address)
        page.wait("document.readyState === 'complete'")
        return page

    def call(self, method: str, session: str | None = None, **parameters) -> dict:
        """One command of the protocol and its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self._events.append(answer)

    def events(self, session: str) -> list[dict]:
        """What has happened in one page so far."""
        return [event for event in self._events if event.get("sessionId") == session]

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        os.close(self._send)
        os.close(self._receive)

    def _next(self) -> dict:
        while b"\0" not in self._text:
            read = os.read(self._receive, 1 << 20)
            assert read, "Chromium has ended"
            self._text += read
        text, _, self._text = self._text.partition(b"\0")
        return json.loads(text)


class Page:
    """One page, as a user with a mouse, a keyboard and eyes has it."""

    def __init__(self, browser: Browser, session: str, context: str):
        self.browser, self._session, self._context = browser, session, context

    def call(self, method: str, **parameters) -> dict:
        """One command of the protocol, for this page."""
        return self.browser.call(method, self._session, **parameters)

    def value(self, expression: str):
        """The JSON value of a JavaScript expression; a promise's is awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        assert "exceptionDetails" not in answer, (expression, answer["exceptionDetails"])
        return answer["result"].get("value")

    def text(self, selector: str) -> str:
        """The text of the first element that `selector` finds, as it is shown."""
        return self.value(f"document.querySelector({json.dumps(selector)}).innerText.trim()")

    def wait(self, expression: str) -> None:
        """Until the expression is true."""
        begun = time.monotonic()
        while not self.value(expression):
            if time.monotonic() - begun > PATIENCE:
                shown = self.value("document.body.innerText")
                raise AssertionError(f"not within {PATIENCE} s: {expression}; the page says: {shown}")
            time.sleep(0.05)

    def press(self, key: str, *, code: int, text: str = "", modifiers: int = 0, commands=()) -> None:
        """One key, pressed and let go."""
        event = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        pressed = {**event, "text": text} if text else event
        self.call("Input.dispatchKeyEvent", type="keyDown", **pressed, commands=list(commands))
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def point_at(self, x: float, y: float) -> None:
        """Moves the mouse."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, selector: str) -> None:
        """With the mouse, in the middle of the element."""
        x, y = self.middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def middle(self, selector: str) -> tuple[float, float]:
        """Of an element, in the window, into which it is scrolled."""
        return tuple(self.value(MIDDLE % json.dumps(selector)))

    def choose(self, selector: str, path: Path) -> None:
        """A file, in an <input type=file>."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def drop(self, path: Path, x: float = 300, y: float = 300) -> None:
        """A file, dragged in from outside."""
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def resize(self, width: int, height: int) -> None:
        """The window, in CSS pixels; a phone's width too."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def photograph(self, path: Path) -> None:
        """A PNG of the whole page."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def requested(self) -> list[str]:
        """Addresses of all requests so far."""
        return [event["params"]["request"]["url"] for event in self._events("Network.requestWillBeSent")]

    def complaints(self) -> list[str]:
        """Errors and warnings in the console, and exceptions that nobody caught."""
        thrown = [str(event["params"]) for event in self._events("Runtime.exceptionThrown")]
        entries = [event["params"]["entry"] for event in self._events("Log.entryAdded")]
        said = [event["params"] for event in self._events("Runtime.consoleAPICalled")]
        logged = [f"{one['text']} {one.get('url', '')}" for one in entries if one["level"] != "verbose"]
        return thrown + logged + [str(one["args"]) for one in said if one["type"] in ("error", "warning")]

    def close(self) -> None:
        """With all it holds."""
        self.browser.call("Target.disposeBrowserContext", browserContextId=self._context)

    def _events(self, method: str) -> list[dict]:
        self.value("0")  # brings in what is waiting in the pipe
        return [event for event in self.browser.events(self._session) if event["method"] == method]
