"""What `vgg predict` makes of a server's refusals."""

import grpc
import pytest

from models.errors import InputError
from pipeline.exit_status import ComponentError
from pipeline.prediction import predictors
from pipeline.prediction.photographs import ImageError
from pipeline.prediction.refusals import BusyError, refusal, stated_reason


@pytest.mark.parametrize(
    ("code", "details", "kind"),
    [
        ("INVALID_ARGUMENT", "image_bytes[0]: is cut short", ImageError),
        ("RESOURCE_EXHAUSTED", "SERVER: Received message larger than max (9 vs. 8)", ImageError),
        ("TOO_LARGE", "the body has 9 bytes", ImageError),
        ("INVALID_ARGUMENT", "model vgg has no signature single_scale", InputError),
        ("FAILED_PRECONDITION", "model vgg has no signature single_scale", InputError),
        ("NOT_FOUND", "no model vgg", InputError),
        ("UNAUTHENTICATED", "a token is needed", InputError),
        ("RESOURCE_EXHAUSTED", "the queue is full", BusyError),
        ("UNAVAILABLE", "connection refused", ComponentError),
        ("DEADLINE_EXCEEDED", "", ComponentError),
        ("INTERNAL", "", ComponentError),
    ],
)
def test_the_image_the_command_or_the_server_is_at_fault(code, details, kind):
    found = refusal("127.0.0.1:8500", code, details)
    assert type(found) is kind
    assert len(str(found).splitlines()) == 1


@pytest.mark.parametrize(
    ("details", "has_none"),
    [
        ("model vgg has no signature localise; it has serving_default", True),
        ('Serving signature key "localise" not found.', True),  # TF Serving's
        ("model vgg has no signature features; it has localise", False),
    ],
)
def test_a_model_without_boxes_is_not_called_an_older_one(details, has_none):
    line = str(refusal("host:8500", "INVALID_ARGUMENT", details))
    assert ("gives no boxes" in line, "older one" in line) == (has_none, not has_none)


def test_a_full_queue_is_waited_for(monkeypatch):
    """The server refuses twice with RESOURCE_EXHAUSTED, a stand-in for a busy one."""

    class Full(grpc.RpcError):
        def code(self):
            return grpc.StatusCode.RESOURCE_EXHAUSTED

        def details(self):
            return "the queue is full"

    refusals, waits = [Full(), Full()], []

    def classify(images, **options):
        if refusals:
            raise refusals.pop()
        return [[("hen", 1.0)]]

    monkeypatch.setattr(predictors.client, "classify", classify)
    monkeypatch.setattr(predictors.time, "sleep", waits.append)
    question = predictors.best_classes("serving_default")
    with predictors.over_grpc(predictors.Server("127.0.0.1:1", "vgg", 1.0), question) as predict:
        assert predict(b"image") == [[("hen", 1.0)]]
        assert waits == [0.5, 1]
        refusals[:] = [Full() for _ in range(9)]
        with pytest.raises(ComponentError, match="busy .the queue is full."):
            predict(b"image")


def test_the_reason_is_found_in_tensorflows_messages():
    trace = "\n\t [[{{node map/while/Assert}}]] [Op:__inference_signature_wrapper_21]"
    assert stated_reason(f"{{{{function_node __inf}}}} image_bytes[3]: is cut short{trace}") == "is cut short"
    assert stated_reason("assertion failed: [image_bytes[0]: not a JPEG]") == "not a JPEG"
    assert (
        stated_reason(f"Graph execution error:\n\nDetected at node x:\nUnknown format{trace}")
        == "Unknown format"
    )
    assert stated_reason("") == "no reason given"
