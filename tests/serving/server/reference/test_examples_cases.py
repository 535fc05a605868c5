"""Classify, Regress and MultiInference by both protocols, for any model with such signatures."""

import math

import grpc
import pytest
import tensorflow as tf
from helpers.serving.toy_models import CLASSIFY, REGRESS
from tensorflow_serving.apis import classification_pb2, inference_pb2, input_pb2, regression_pb2

INVALID, PRECONDITION = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION
NOT_FOUND, UNIMPLEMENTED = grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNIMPLEMENTED


def example(**features: float) -> tf.train.Example:
    made = tf.train.Example()
    for name, value in features.items():
        made.features.feature[name].float_list.value.append(value)
    return made


def listed(*values: float) -> input_pb2.Input:
    given = input_pb2.Input()
    given.example_list.examples.extend(example(x=value) for value in values)
    return given


def in_context(context: tf.train.Example, *examples: tf.train.Example) -> input_pb2.Input:
    given = input_pb2.Input()
    given.example_list_with_context.context.CopyFrom(context)
    given.example_list_with_context.examples.extend(examples)
    return given


def model(signature: str, name: str = "half_plus_two", **which) -> dict:
    return {"name": name, "signature_name": signature, **which}


TWO = listed(1, 4)
CONTEXT = in_context(example(x=4), tf.train.Example(), example(x=1))

CLASSES = [
    (model("classify_x_to_y"), TWO, [[("", 2.5)], [("", 4.0)]]),
    (model("classify_names"), TWO, [[("low", -2.5), ("high", 2.5)], [("low", -4.0), ("high", 4.0)]]),
    (model("classify_labels"), TWO, [[("only", 0.0)], [("only", 0.0)]]),
    (model("classify_x_to_y"), CONTEXT, [[("", 4.0)], [("", 2.5)]]),
    (model("classify_x_to_y", version_label="stable"), TWO, [[("", 2.5)], [("", 4.0)]]),
    (model("classify_flat"), TWO, INVALID),
    (model("classify_x_to_y"), input_pb2.Input(), INVALID),
    (model("classify_x_to_y"), listed(), INVALID),
    (model("classify_x_to_y"), in_context(example(x=4)), INVALID),
    (model(""), TWO, PRECONDITION),
    (model("regress_x_to_y"), TWO, PRECONDITION),
    (model("none"), TWO, INVALID),
    (model("classify_x_to_y", "none"), TWO, NOT_FOUND),
    (model("classify_x_to_y", ""), TWO, INVALID),
    (model("classify_x_to_y"), in_context(example(), tf.train.Example()), INVALID),
]

NUMBERS = [
    (model("regress_x_to_y"), TWO, [2.5, 4.0]),
    (model("regress_column"), TWO, [2.5, 4.0]),
    (model("regress_x_to_y"), CONTEXT, [4.0, 2.5]),
    (model("regress_x_to_y"), listed(*range(200)), [value / 2 + 2 for value in range(200)]),
    (model("regress_wide"), TWO, INVALID),
    (model("regress_x_to_y"), input_pb2.Input(), INVALID),
    (model("classify_x_to_y"), TWO, PRECONDITION),
    (model(""), TWO, PRECONDITION),
    (model("none"), TWO, INVALID),
]


@pytest.mark.parametrize(("spec", "given", "expected"), CLASSES)
def test_classify(toy_server, spec, given, expected):
    request = classification_pb2.ClassificationRequest(model_spec=spec, input=given)
    response = answered(toy_server.shared_prediction.Classify, request, expected)
    if response:
        found = [
            [(each.label, each.score) for each in row.classes] for row in response.result.classifications
        ]
        assert found == expected
        assert response.model_spec.signature_name == spec["signature_name"]


@pytest.mark.parametrize(("spec", "given", "expected"), NUMBERS)
def test_regress(toy_server, spec, given, expected):
    request = regression_pb2.RegressionRequest(model_spec=spec, input=given)
    response = answered(toy_server.shared_prediction.Regress, request, expected)
    if response:
        assert [each.value for each in response.result.regressions] == expected


def answered(method, request, expected):
    if not isinstance(expected, grpc.StatusCode):
        return method(request, timeout=30)
    with pytest.raises(grpc.RpcError) as error:
        method(request, timeout=30)
    assert error.value.code() == expected, error.value.details()
    return None


TASKS = [
    ([("classify_x_to_y", CLASSIFY), ("regress_x_to_y", REGRESS)], None),
    ([("regress_x_to_y", REGRESS)], None),
    ([], INVALID),
    ([("regress_x_to_y", REGRESS), ("regress_x_to_y", REGRESS)], INVALID),
    ([("regress_x_to_y", CLASSIFY)], PRECONDITION),
    ([("regress_x_to_y", "tensorflow/serving/predict")], UNIMPLEMENTED),
    ([("none", REGRESS)], INVALID),
]


@pytest.mark.parametrize(("tasks", "code"), TASKS)
def test_multi_inference(toy_server, tasks, code):
    request = inference_pb2.MultiInferenceRequest(input=TWO)
    for signature, method in tasks:
        request.tasks.add(model_spec=model(signature, "shared"), method_name=method)
    response = answered(toy_server.shared_prediction.MultiInference, request, code)
    if response:
        assert [each.model_spec.signature_name for each in response.results] == [name for name, _ in tasks]
        assert [each.value for each in response.results[-1].regression_result.regressions] == [2.5, 4.0]


def test_multi_inference_asks_for_one_input(toy_server):
    request = inference_pb2.MultiInferenceRequest(input=TWO)
    for signature, method in TASKS[0][0]:  # of this model each has an input of its own
        request.tasks.add(model_spec=model(signature), method_name=method)
    answered(toy_server.shared_prediction.MultiInference, request, INVALID)


def test_multi_inference_asks_one_model(toy_server):
    request = inference_pb2.MultiInferenceRequest(input=TWO)
    for name in ("half_plus_two", "half_plus_three"):
        request.tasks.add(model_spec=model("regress_x_to_y", name), method_name=REGRESS)
    answered(toy_server.shared_prediction.MultiInference, request, INVALID)


def body(signature: str, *examples, **more) -> dict:
    return {"signature_name": signature, "examples": list(examples), **more}


REST = [
    ("classify", body("classify_x_to_y", {"x": 1.0}, {"x": [4.0]}), 200, [[["", 2.5]], [["", 4.0]]]),
    ("classify", body("classify_names", {"x": 1.0}), 200, [[["low", -2.5], ["high", 2.5]]]),
    ("classify", body("classify_labels", {"x": 1.0}), 200, [[["only", 0.0]]]),
    ("regress", body("regress_x_to_y", {"x": 1.0}, {"x": 4.0}), 200, [2.5, 4.0]),
    ("regress", body("regress_column", {"x": 1.0}), 200, [2.5]),
    ("regress", body("regress_x_to_y", {}, {"x": 1.0}, context={"x": 4.0}), 200, [4.0, 2.5]),
    (
        "regress",
        body("regress_x_to_y", {"x": 1.0, "text": ["a", {"b64": "Yg=="}], "n": [1, True]}),
        200,
        [2.5],
    ),
    ("regress", body("regress_x_to_y", {"x": 1.0, "none": []}), 200, [2.5]),
    ("regress", '{"signature_name": "regress_x_to_y", "examples": [{"x": NaN}]}', 200, [math.nan]),
    ("regress", body("regress_x_to_y", {"x": 1}), 400, "int64"),
    ("regress", body("regress_x_to_y", {"x": 1.0, "more": [1, 2.5]}), 400, "expected one kind"),
    ("regress", body("regress_x_to_y", {"x": [1.0, "a"]}), 400, "expected one kind"),
    ("regress", body("regress_x_to_y", {"x": None}), 400, "expected numbers"),
    ("regress", body("regress_x_to_y", {"x": [[1.0]]}), 400, "expected numbers"),
    ("regress", body("regress_x_to_y", {"x": {"y": 1.0}}), 400, "expected numbers"),
    ("regress", body("regress_x_to_y", {"x": 1.0, "more": 2**64}), 400, "64 bits"),
    ("regress", body("regress_x_to_y", {"x": 1e39}), 400, "too large"),
    ("regress", '{"signature_name": "regress_x_to_y", "examples": [{"x": 1e400}]}', 400, "too large"),
    ("regress", '{"signature_name": "regress_x_to_y", "examples": [{"x": "\\ud800"}]}', 400, "surrogate"),
    ("regress", '{"signature_name": "regress_x_to_y", "examples": [{"\\ud800": 1.0}]}', 400, "surrogate"),
    ("regress", body("regress_x_to_y", {"x": {"b64": "*"}}), 400, "no base64"),
    ("regress", body("regress_x_to_y", 1.0), 400, "expected an object"),
    ("regress", body("regress_x_to_y"), 400, "at least one"),
    ("regress", {"signature_name": "regress_x_to_y"}, 400, "at least one"),
    ("regress", {"signature_name": "regress_x_to_y", "examples": {}}, 400, "at least one"),
    ("regress", body("regress_x_to_y", {"x": 1.0}, context=5), 400, "expected an object"),
    ("regress", body("regress_x_to_y", {"y": 1.0}), 400, "x"),
    ("regress", body("none", {"x": 1.0}), 400, "no signature"),
    ("regress", body("serving_default", {"x": 1.0}), 400, "does not regress"),
    ("classify", body("classify_flat", {"x": 1.0}), 400, "output scores"),
    ("classify", "{", 400, "JSON Parse error"),
]


@pytest.mark.parametrize(("method", "content", "status", "expected"), REST, ids=range(len(REST)))
def test_rest(toy_server, method, content, status, expected):
    sent = {"content": content} if isinstance(content, str) else {"json": content}
    answer = toy_server.shared_rest.post(f"/v1/models/half_plus_two:{method}", **sent)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert str(answer.json()) == str({"results": expected})
    else:
        assert expected in answer.json()["error"]
