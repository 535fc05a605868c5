"""Requests that cannot be answered: the right code, a line that names what is at fault, and no harm done."""

import base64
import json

import grpc
import numpy as np
import pytest
from helpers.serving.refused_requests import GOOD, INVALID, refused, strings, with_tensor
from helpers.serving.running_server import RunningServer, arrays, b64, picture, predict_request
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    regression_pb2,
)


@pytest.fixture(scope="module")
def server(exported_server) -> RunningServer:
    """Of the exported model, whose own refusals and signatures are met here."""
    return exported_server


@pytest.mark.parametrize("image", [b"", b"no image", GOOD[:200], b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_an_image_that_does_not_decode_is_named(server, image):
    message = refused(server.prediction.Predict, predict_request([GOOD, GOOD, image]))
    assert message.startswith("image_bytes[2]: ")
    assert "[[{{" not in message


def test_an_image_beyond_the_first_part_keeps_its_number(server):
    images = [GOOD] * 20
    images[18] = b"no image"
    assert refused(server.prediction.Predict, predict_request(images)).startswith("image_bytes[18]: ")


def test_other_requests_of_the_batch_get_their_answers(start, models, in_process):
    server = start(max_batch_size=8, batch_timeout_micros=300_000)
    stub = server.prediction
    good, bad = stub.Predict.future(predict_request([GOOD])), stub.Predict.future(predict_request([b"x"]))
    other = stub.Predict.future(predict_request([picture(2)]))
    assert bad.exception().code() == INVALID
    expected = in_process(models[0])([GOOD, picture(2)])["probabilities"]
    for row, answer in enumerate([good, other]):
        found = arrays(answer.result())["probabilities"][0]
        np.testing.assert_allclose(found, expected[row], rtol=0, atol=1e-6)


@pytest.mark.parametrize("example", [b"no example", b"\xff\xff", GOOD])
def test_an_example_that_does_not_parse_is_refused_without_repeating_it(server, example):
    request = with_tensor(strings(example), "examples", "examples")
    message = refused(server.prediction.Predict, request)
    assert "parse" in message
    assert "no example" not in message
    assert len(message) < 100


def test_an_unknown_model_names_those_that_are_there(server):
    message = refused(
        server.prediction.Predict, predict_request([GOOD], name="alexnet"), grpc.StatusCode.NOT_FOUND
    )
    assert message == "no model 'alexnet'; there is vgg"


@pytest.mark.parametrize("version", [2, 99, -1])
def test_an_unknown_version_names_those_that_are_there(server, version):
    message = refused(
        server.prediction.Predict, predict_request([GOOD], version=version), grpc.StatusCode.NOT_FOUND
    )
    assert message == f"model vgg has no version {version}; there is 1"


def test_an_unknown_label_names_those_that_are_there(server):
    request = predict_request([GOOD])
    request.model_spec.version_label = "canary"
    message = refused(server.prediction.Predict, request)
    assert message == "model vgg has no version label 'canary'; labels: none"


def test_an_unknown_signature_names_those_that_are_there(server):
    message = refused(
        server.prediction.Predict, predict_request([GOOD], "logits"), grpc.StatusCode.FAILED_PRECONDITION
    )
    assert message.startswith("model vgg has no signature 'logits'; it has classify, examples, ")


def test_metadata_of_another_kind_is_refused(server):
    for fields in ([], ["variables"]):
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
        request.model_spec.name = "vgg"
        assert "expected signature_def" in refused(server.prediction.GetModelMetadata, request)


def test_what_does_not_fit_a_classifier_of_images_is_refused_clearly(server):
    classify = classification_pb2.ClassificationRequest()
    classify.model_spec.name, classify.model_spec.signature_name = "vgg", "classify"
    assert "no example" in refused(server.prediction.Classify, classify)
    example = classify.input.example_list.examples.add()
    assert "image/encoded" in refused(server.prediction.Classify, classify)
    example.features.feature["image/encoded"].bytes_list.value.append(b"no image")
    assert refused(server.prediction.Classify, classify).startswith("inputs[0]: not a JPEG or PNG image")
    classify.model_spec.signature_name = "score_map"
    precondition = grpc.StatusCode.FAILED_PRECONDITION
    assert "does not classify" in refused(server.prediction.Classify, classify, precondition)
    regress = regression_pb2.RegressionRequest(input=classify.input)
    regress.model_spec.name, regress.model_spec.signature_name = "vgg", "labels"
    assert "does not regress" in refused(server.prediction.Regress, regress, precondition)


def post(server, content: bytes | str) -> tuple[int, str]:
    answer = server.rest().post("/v1/models/vgg:predict", content=content)
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "JSON Parse error"),
        ("{", "JSON Parse error"),
        ("[1]", "expected a JSON object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"instances": 1' + "0" * 5000 + "}", "JSON Parse error"),
        ("{}", "expected one of the keys 'instances' and 'inputs'"),
        ('{"instances": [], "inputs": []}', "expected one of the keys"),
        ('{"instances": []}', "'instances': expected a list of at least one"),
        ('{"instances": 1}', "'instances': expected a list of at least one"),
        ('{"instances": [1]}', "image_bytes[0]: expected a string"),
        ('{"instances": [{"b64": "!"}]}', "image_bytes[0]: no base64"),
        ('{"instances": [{"b64": "abcde"}]}', "image_bytes[0]: no base64"),
        ('{"instances": [{"b64": 1}]}', "'instances'[0]: expected an object with the keys image_bytes"),
        ('{"instances": [{"b64": ""}, {"other": ""}]}', "'instances'[0]: expected an object"),
        ('{"instances": ["a", ["b"]]}', "image_bytes[1]: expected a string"),
        ('{"inputs": {"images": []}}', "input image_bytes is missing"),
        ('{"signature_name": 1, "inputs": []}', "signature_name: expected a string"),
        ('{"signature_name": "x", "inputs": []}', "no signature 'x'"),
        ('{"signature_name": "score_map", "inputs": [[[[1, 2, 3.5]]]]}', "expected a whole number"),
        ('{"signature_name": "score_map", "inputs": [[[[1, 2, 256]]]]}', "a value is not in 0..255"),
        ('{"signature_name": "score_map", "inputs": [[[[1, 2, 3], [1]]]]}', "same length at each level"),
        ('{"signature_name": "score_map", "inputs": [[[["a", "b", "c"]]]]}', "expected a whole number"),
        ('{"signature_name": "score_map", "inputs": [[[[true, true, true]]]]}', "expected a whole number"),
        ('{"signature_name": "score_map", "inputs": [[[[1e400, 1, 1]]]]}', "expected a whole number"),
        ('{"inputs": "a"}', ""),
        ('{"instances": ["\\ud800"]}', "image_bytes[0]"),
    ],
)
def test_rest_refuses_a_body_that_cannot_be_used(server, body, said):
    status, message = post(server, body)
    assert status == 400
    assert said in message


def test_rest_names_the_image_that_does_not_decode(server):
    body = json.dumps({"instances": [b64(GOOD), {"b64": base64.b64encode(b"no image").decode()}]})
    status, message = post(server, body)
    assert status == 400
    assert message.startswith("image_bytes[1]: ")


def test_requests_of_many_photographs_are_answered(server):
    body = json.dumps({"instances": [b64(GOOD)] * 65})
    answer = server.rest().post("/v1/models/vgg:predict", content=body)
    assert len(answer.json()["predictions"]) == 65


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/models/alexnet:predict", 404),
        ("POST", "/v1/models/vgg/versions/9:predict", 404),
        ("POST", "/v1/models/vgg/labels/canary:predict", 400),
        ("GET", "/v1/models/alexnet", 404),
        ("GET", "/v1/models/vgg/versions/9", 404),
        ("GET", "/v1/models/alexnet/metadata", 404),
        ("GET", "/v1/models/vgg:predict", 400),
        ("POST", "/v1/models/vgg", 400),
        ("PUT", "/v1/models/vgg:predict", 400),
        ("POST", "/v1/models/vgg:train", 400),
        ("POST", "/v1/models/vgg/versions/x:predict", 400),
        ("POST", "/v1/models/vgg/versions/99999999999999999999:predict", 400),
        ("GET", "/v1/models", 400),
        ("POST", "/v1/models/vgg:classify", 400),
        ("GET", "/v2", 404),
        ("POST", "/monitoring/prometheus/metrics", 405),
    ],
)
def test_rest_paths_that_lead_nowhere(server, method, path, status):
    answer = server.rest().request(method, path, json={"instances": ["x"]} if method == "POST" else None)
    assert answer.status_code == status
    assert answer.json().keys() == {"error"}


def test_the_server_answers_on_after_all_that(server, exported, in_process):
    found = arrays(server.prediction.Predict(predict_request([GOOD])))["probabilities"]
    np.testing.assert_allclose(found, in_process(exported)([GOOD])["probabilities"], rtol=0, atol=1e-6)
