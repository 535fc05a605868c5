"""The browser that tests marked `browser` drive; without one they are skipped."""

import shutil

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
REASON = "needs Chromium (apt-get install chromium; .ci/run does)"
