"""What an operator sees: health, metrics, log lines, request ids."""

import json

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from helpers.serving.running_server import RunningServer, b64, picture, predict_request
from prometheus_client.parser import text_string_to_metric_families

IMAGE = picture(1)
PATH = "/v1/models/vgg:predict"


def samples(server: RunningServer) -> dict[tuple, float]:
    """Values by name and labels, as a Prometheus server reads them."""
    text = server.rest().get("/monitoring/prometheus/metrics").text
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def requests(server: RunningServer, **labels: str) -> float:
    """How many requests were counted under all of these labels."""
    return sum(
        value
        for (name, *pairs), value in samples(server).items()
        if name == "vgg_requests_total" and set(labels.items()) <= set(pairs)
    )


def lines(server: RunningServer, event: str) -> list[dict]:
    """Log lines of an event."""
    found = [json.loads(line) for line in server.log.getvalue().splitlines()]
    return [line for line in found if line["event"] == event]


def test_metrics_count_requests_batches_and_versions(start):
    server = start()
    for _ in range(3):
        server.prediction.Predict(predict_request([IMAGE, IMAGE]))
    with pytest.raises(grpc.RpcError):
        server.prediction.Predict(predict_request([b"no image"]))
    assert server.rest().post(PATH, json={"instances": [b64(IMAGE)]}).status_code == 200
    assert requests(server, protocol="grpc", code="OK") == 3
    assert requests(server, protocol="grpc", code="INVALID_ARGUMENT") == 1
    assert requests(server, protocol="rest", code="OK", signature="serving_default") == 1
    found = samples(server)
    assert found[("vgg_batch_items_count",)] == 5
    assert found[("vgg_batch_items_sum",)] == 3 * 2 + 1 + 1
    assert found["vgg_request_seconds_count", ("method", "Predict"), ("protocol", "grpc")] == 4
    assert found["vgg_model_version_available", ("model", "vgg"), ("version", "1")] == 1
    assert found[("vgg_waiting_requests",)] == 0
    assert found[("process_resident_memory_bytes",)] > 1e6


def test_names_that_clients_make_up_do_not_become_labels(start):
    server = start()
    for name in ("a", "b", "c"):
        server.rest().post(f"/v1/models/{name}:predict", json={"instances": [b64(IMAGE)]})
        server.rest().get(f"/v1/{name}")
        server.rest().post(PATH, json={"signature_name": name, "instances": [b64(IMAGE)]})
    text = server.rest().get("/monitoring/prometheus/metrics").text
    assert '"a"' not in text
    assert requests(server, protocol="rest", model="", code="NOT_FOUND") == 3


def test_a_line_for_each_request_says_what_became_of_it(start):
    server = start()
    server.prediction.Predict(predict_request([IMAGE, IMAGE]), metadata=(("x-request-id", "abc-1"),))
    server.rest().post(PATH, json={"instances": [{"b64": ""}]}, headers={"x-request-id": "abc-2"})
    first, second = lines(server, "request")
    assert first["id"] == "abc-1"
    assert (first["protocol"], first["method"], first["model"], first["version"]) == (
        *("grpc", "Predict", "vgg"),
        1,
    )
    assert (first["signature"], first["items"], first["code"]) == ("serving_default", 2, "OK")
    assert 0 < first["ms"] < 60_000
    assert (second["id"], second["code"]) == ("abc-2", "INVALID_ARGUMENT")
    assert second["error"].startswith("image_bytes[0]: ")
    assert len(server.log.getvalue()) < 3000


def test_requests_are_not_logged_where_that_is_not_wanted(start):
    server = start(log_requests=False)
    server.prediction.Predict(predict_request([IMAGE]))
    assert not lines(server, "request")
    assert lines(server, "version_available")


@pytest.mark.parametrize("given", ["", "x" * 65, "two words", "é"])
def test_an_id_that_is_not_fit_for_a_log_is_replaced(server, given):
    answer = server.rest().get("/v1/models/vgg", headers={"x-request-id": given.encode("latin-1")})
    assert len(answer.headers["x-request-id"]) == 16


def test_the_answer_carries_the_id(server):
    answer = server.rest().get("/v1/models/vgg", headers={"x-request-id": "mine"})
    assert answer.headers["x-request-id"] == "mine"
    _, call = server.prediction.Predict.with_call(
        predict_request([IMAGE]), metadata=(("x-request-id", "mine"),)
    )
    assert ("x-request-id", "mine") in [(key, value) for key, value in call.trailing_metadata()]


def test_a_bug_is_answered_with_the_id_and_nothing_else_and_logged_with_its_trace(start):
    server = start()
    servable = server.server.registry.models["vgg"].choose().servable
    servable.run = lambda *_: {}["a secret"]
    with pytest.raises(grpc.RpcError) as error:
        server.prediction.Predict(predict_request([IMAGE]), metadata=(("x-request-id", "mine"),))
    assert error.value.code() == grpc.StatusCode.INTERNAL
    assert error.value.details() == "internal error; request mine"
    answer = server.rest().post(PATH, json={"instances": [b64(IMAGE)]})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "a secret" in lines(server, "internal_error")[0]["trace"]


@pytest.mark.parametrize(
    "service", ["", "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"]
)
def test_health_is_serving(server, service):
    health = health_pb2_grpc.HealthStub(server.channel())
    status = health.Check(health_pb2.HealthCheckRequest(service=service)).status
    assert status == health_pb2.HealthCheckResponse.SERVING


def test_health_of_an_unknown_service_is_not_found(server):
    health = health_pb2_grpc.HealthStub(server.channel())
    with pytest.raises(grpc.RpcError) as error:
        health.Check(health_pb2.HealthCheckRequest(service="other"))
    assert error.value.code() == grpc.StatusCode.NOT_FOUND
