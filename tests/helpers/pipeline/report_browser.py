"""A page in headless Chromium: what a script finds in it, and what the console says of errors."""

import json
import re
import subprocess
from pathlib import Path

from helpers.chromium import CHROMIUM

ERRORS = re.compile(r"CONSOLE.*\"(Uncaught|Failed|Refused|Not allowed).*", re.IGNORECASE)
RESULT = re.compile(r'<pre id="probe">(.*?)</pre>', re.DOTALL)


def probe(page: Path, expression: str, *, width: int, dark: bool = False) -> tuple[object, list[str]]:
    """The value of a JavaScript expression in the page, `width` pixels wide, and the errors in the console.

    No network: each host name is answered as unknown.
    """
    frame = page.with_name(f"probe-{width}.html")
    inside = page.with_name(f"probed-{width}.html")
    script = f"parent.postMessage(JSON.stringify({expression}), '*')"
    inside.write_text(page.read_text(encoding="utf-8") + f"<script>{script}</script>", encoding="utf-8")
    # A window is at least 500 pixels wide; a frame is as wide as it is told to be.
    frame.write_text(
        '<!doctype html><pre id="probe"></pre><script>'
        "addEventListener('message', e => document.getElementById('probe').textContent = e.data)</script>"
        f'<iframe src="{inside.name}" style="width:{width}px;height:900px;border:0"></iframe>',
        encoding="utf-8",
    )
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"]
    options += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={page.parent / 'chromium'}"]
    options += ["--virtual-time-budget=5000", "--window-size=1400,1000", "--dump-dom"]
    if dark:
        options.append("--blink-settings=preferredColorScheme=0")
    done = subprocess.run(
        [CHROMIUM, *options, frame.as_uri()], capture_output=True, text=True, timeout=120, check=False
    )
    found = RESULT.search(done.stdout)
    assert found, done.stderr[-2000:]
    text = found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return json.loads(text or "null"), [line for line in done.stderr.splitlines() if ERRORS.search(line)]
