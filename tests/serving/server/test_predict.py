"""What the server answers is what the model answers in process, over gRPC and REST."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.running_server import RunningServer, arrays, b64, picture, predict_request
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
)

OUTPUTS = {"probabilities", "top_classes", "top_probabilities"}


@pytest.fixture(scope="module")
def server(exported_server) -> RunningServer:
    """Of the exported model."""
    return exported_server


@pytest.fixture(scope="module")
def export(exported, in_process) -> Callable:
    """The exported model in this process."""
    return in_process(exported)


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        if array.dtype == object:
            np.testing.assert_array_equal(found[name], array)
        else:
            np.testing.assert_allclose(found[name], array, rtol=0, atol=1e-6)


def test_grpc_answers_as_the_model_itself(server, pictures, export):
    response = server.prediction.Predict(predict_request(pictures))
    same(arrays(response), export(pictures))


def test_a_request_longer_than_a_batch_is_answered_whole_and_in_order(server, export):
    images = [picture(seed) for seed in range(20)]
    same(arrays(server.prediction.Predict(predict_request(images))), export(images))


def test_the_answer_names_the_version_and_signature(server, pictures):
    spec = server.prediction.Predict(predict_request(pictures)).model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("vgg", 1, "serving_default")


def test_values_are_in_the_typed_fields_where_clients_of_tf_serving_look(server, pictures):
    response = server.prediction.Predict(predict_request(pictures[:1]))
    assert len(response.outputs["probabilities"].float_val) == 7
    assert len(response.outputs["top_classes"].string_val) == 5


def test_only_the_outputs_that_were_asked_for_come(server, pictures):
    request = predict_request(pictures)
    request.output_filter.append("top_classes")
    assert server.prediction.Predict(request).outputs.keys() == {"top_classes"}


@pytest.mark.parametrize("path", ["", "/versions/1"])
def test_rest_answers_rows(server, pictures, export, path):
    body = {"instances": [b64(image) for image in pictures]}
    answer = server.rest().post(f"/v1/models/vgg{path}:predict", json=body).json()
    expected = export(pictures)
    assert len(answer["predictions"]) == len(pictures)
    for row, found in enumerate(answer["predictions"]):
        assert found.keys() == OUTPUTS
        np.testing.assert_allclose(found["probabilities"], expected["probabilities"][row], rtol=0, atol=1e-6)
        assert found["top_classes"] == [name.decode() for name in expected["top_classes"][row]]


def test_rest_takes_rows_by_the_inputs_name(server, pictures):
    rest = server.rest()
    by_name = {"instances": [{"image_bytes": b64(image)} for image in pictures]}
    plain = {"instances": [b64(image) for image in pictures]}
    answers = [rest.post("/v1/models/vgg:predict", json=body).json() for body in (by_name, plain)]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("named", [True, False])
def test_rest_answers_columns(server, pictures, export, named):
    images = [b64(image) for image in pictures]
    body = {"signature_name": "serving_default", "inputs": {"image_bytes": images} if named else images}
    found = server.rest().post("/v1/models/vgg:predict", json=body).json()["outputs"]
    expected = export(pictures)["probabilities"]
    assert found.keys() == OUTPUTS
    np.testing.assert_allclose(found["probabilities"], expected, rtol=0, atol=1e-6)


def test_pixels_go_to_the_score_map_signature(server, exported):
    images = np.random.default_rng(0).integers(0, 256, (2, 40, 50, 3), np.uint8)
    expected = tf.saved_model.load(str(exported)).signatures["score_map"](images=images)
    request = predict_request([])
    request.model_spec.signature_name = "score_map"
    del request.inputs["image_bytes"]
    request.inputs["images"].CopyFrom(tf.make_tensor_proto(images))
    scores = arrays(server.prediction.Predict(request))["scores"]
    np.testing.assert_allclose(scores, expected["scores"], rtol=0, atol=1e-6)
    body = {"signature_name": "score_map", "instances": images.tolist()}
    rows = server.rest().post("/v1/models/vgg:predict", json=body).json()["predictions"]
    np.testing.assert_allclose([row["scores"] for row in rows], expected["scores"], rtol=0, atol=1e-6)


def test_a_single_output_stands_for_itself_in_rest(server, pictures):
    example = tf.train.Example()
    example.features.feature["image/class/label"].int64_list.value.append(3)
    body = {"signature_name": "labels", "instances": [b64(example.SerializeToString())]}
    assert server.rest().post("/v1/models/vgg:predict", json=body).json() == {"predictions": [2]}


@pytest.mark.differs
def test_status_over_grpc_and_rest(server):
    assert server.states() == {1: "AVAILABLE"}
    ok = {"error_code": "OK", "error_message": ""}
    expected = {"model_version_status": [{"version": "1", "state": "AVAILABLE", "status": ok}]}
    for path in ("/v1/models/vgg", "/v1/models/vgg/versions/1"):
        assert server.rest().get(path).json() == expected


@pytest.mark.differs
def test_metadata_over_grpc_and_rest(server):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "vgg"
    signatures = get_model_metadata_pb2.SignatureDefMap()
    server.prediction.GetModelMetadata(request).metadata["signature_def"].Unpack(signatures)
    default = signatures.signature_def["serving_default"]
    assert default.inputs["image_bytes"].dtype == tf.string.as_datatype_enum
    assert default.outputs.keys() == OUTPUTS
    answer = server.rest().get("/v1/models/vgg/metadata").json()
    assert answer["model_spec"] == {"name": "vgg", "signature_name": "", "version": "1"}
    found = answer["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert found["inputs"]["image_bytes"]["dtype"] == "DT_STRING"
    assert found["inputs"]["image_bytes"]["tensor_shape"]["dim"] == [{"size": "-1", "name": ""}]
    assert found["method_name"] == "tensorflow/serving/predict"


def test_classify_takes_the_image_of_a_tf_example_by_both_protocols(server, pictures, export):
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name, request.model_spec.signature_name = "vgg", "classify"
    for image in pictures:
        example = request.input.example_list.examples.add()
        example.features.feature["image/encoded"].bytes_list.value.append(image)
    response = server.prediction.Classify(request)
    body = {"signature_name": "classify", "examples": [{"image/encoded": b64(image)} for image in pictures]}
    rows = server.rest().post("/v1/models/vgg:classify", json=body).json()["results"]
    expected = export(pictures)
    for row, classes in enumerate(response.result.classifications):
        found = [(each.label.encode(), each.score) for each in classes.classes]
        assert [name for name, _ in found] == expected["top_classes"][row].tolist()
        np.testing.assert_allclose([v for _, v in found], expected["top_probabilities"][row], atol=1e-6)
        assert [(name.encode(), np.float32(score)) for name, score in rows[row]] == found


def test_version_0_is_the_newest_as_openvinos_clients_say_it(server, pictures):
    assert server.prediction.Predict(predict_request(pictures, version=0)).model_spec.version.value == 1
    body = {"instances": [b64(pictures[0])]}
    assert server.rest().post("/v1/models/vgg/versions/0:predict", json=body).status_code == 200
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "vgg"
    request.model_spec.version.value = 0
    assert len(server.model.GetModelStatus(request).model_version_status) == 1
