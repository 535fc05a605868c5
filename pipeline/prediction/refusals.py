"""What a server's refusal means to the user of `vgg predict`: the image, command or server is wrong."""

import json
import re

from models.errors import InputError
from pipeline.exit_status import ComponentError
from pipeline.prediction.photographs import ImageError
from serving.locating import LOCALISE

REST_CODES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    413: "TOO_LARGE", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip
ITEM = re.compile(r"image_bytes\[\d+\]:? *")
HAS_NO_BOXES = re.compile(rf"signature (key )?\W?{LOCALISE}\b")  # of `vgg serve`, and of TF Serving
MOST_CHARACTERS = 300
NO_BOXES = (
    f"the model gives no boxes (it has no signature {LOCALISE}); expected one of an experiment that "
    "localises, such as demo-boxes; leave --boxes out, or train and push such a one"
)


class BusyError(ComponentError):
    """The server's queue is full; the same request may be answered later."""


def refusal(server: str, code: str, details: str) -> Exception:
    """The error to raise for gRPC's status `code`, such as "NOT_FOUND", that `server` (HOST:PORT) gave.

    ImageError where the image is at fault, InputError where the command is, ComponentError where the
    server is, BusyError included.
    """
    where, why = f"server {server}", stated_reason(details)
    if code in ("INVALID_ARGUMENT", "FAILED_PRECONDITION") and "signature" in details.lower():
        if HAS_NO_BOXES.search(details):
            return InputError(f"{where}: {NO_BOXES}")
        return InputError(f"{where}: {why}; is the model an older one? push it again")
    # gRPC refuses a message over its limit with the code of a full queue.
    if code in ("INVALID_ARGUMENT", "TOO_LARGE") or "larger than max" in details:
        return ImageError(why)
    if code == "NOT_FOUND":
        return InputError(f"{where}: {why}; see --model-name")
    if code in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
        return InputError(f"{where}: {why}; name the file of its token with --token-file")
    if code == "RESOURCE_EXHAUSTED":
        return BusyError(f"{where}: busy ({why}); try again later")
    if code == "DEADLINE_EXCEEDED":
        return ComponentError(f"{where}: no answer in time ({why}); see --timeout")
    if code == "UNAVAILABLE":
        return ComponentError(f"{where}: does not answer ({why}); does `vgg serve` run there?")
    return ComponentError(f"{where}: {code}: {why}")


def stated_reason(message: str) -> str:
    """One line of a server's or TensorFlow's message: what follows the image's name, less the nodes'."""
    text = message.split("[[{{")[0].split("[Op:")[0]
    found = ITEM.search(text)
    # Without the image's name, TensorFlow's own reason comes last, after the places in the code.
    lines = (text[found.end() :].splitlines()[:1] if found else text.strip().splitlines()[-1:]) or [""]
    # An assertion in the graph stands in brackets.
    return lines[0].strip().removesuffix("]")[:MOST_CHARACTERS] or "no reason given"


def rest_error(body: str) -> str:
    """The text of TF Serving's {"error": "..."}, or the body where it is something else."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body
