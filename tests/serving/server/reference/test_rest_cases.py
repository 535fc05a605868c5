"""REST as TensorFlow Serving answers it: api_rest.md and what its parser takes and refuses, case by case."""

import base64
import json
import math

import pytest
from helpers.serving.rest_answers import ANSWERED, ROW, SAME, X, check, toy

B64 = base64.encodebytes(bytes(range(90))).decode()  # with line breaks
PACKED = "".join(B64.split())
PATHS = [
    ("/v1/models/half_plus_two:predict", 200, ANSWERED),
    ("/v1/models/half_plus_two/versions/123:predict", 200, ANSWERED),
    ("/v1/models/half_plus_two/versions/0000123:predict", 200, ANSWERED),
    ("/v1/models/half_plus_two/labels/stable:predict", 200, ANSWERED),
    ("/v1/models/half_plus_two/labels/ca%20na%2Fry:predict", 200, ANSWERED),
    ("/V1/MODELS/half_plus_two/VERSIONS/124:predict", 200, ANSWERED),
    ("/v1/models/a%2Fb%3A%20c:predict", 200, {"predictions": [3.5, 4.0, 5.5]}),
    ("/v1/models/half%5Fplus_two:predict", 200, ANSWERED),
    ("/v1/models/half_plus_two%3Apredict", 400, "Malformed request"),
    ("/v1/models/half_plus_two%2Fversions%2F123:predict", 404, "no model 'half_plus_two/versions/123'"),
    ("/v1/models/half_plus_two/versions%2F123:predict", 400, "Malformed request"),
    ("/v1/models/half_plus_two/versions/99:predict", 404, "no version 99"),
    ("/v1/models/half_plus_two/versions/99999999999999999999:predict", 400, "64 bits"),
    (f"/v1/models/half_plus_two/versions/{'9' * 5000}:predict", 400, "64 bits"),
    (f"/v1/models/half_plus_two/versions/{'0' * 5000}123:predict", 200, ANSWERED),
    ("/v1/models/half_plus_two/versions/9223372036854775807:predict", 404, "no version"),
    ("/v1/models/half_plus_two/versions/abc:predict", 400, "Malformed request"),
    ("/v1/models/half_plus_two/versions/-1:predict", 400, "Malformed request"),
    ("/v1/models/half_plus_two/versions/:predict", 400, "Malformed request"),
    ("/v1/models/half_plus_two/labels/none:predict", 400, "no version label 'none'"),
    ("/v1/models/half_plus_two/labels/:predict", 400, "Malformed request"),
    ("/v1/models/half_plus_two/labels/stable/versions/123:predict", 400, "Malformed request"),
    ("/v1/models/none:predict", 404, "no model 'none'"),
    ("/v1/models/%FF:predict", 400, "no UTF-8"),
    ("/v1/models/:predict", 400, "Malformed request"),
    ("/v1/models/half_plus_two", 400, "Malformed request"),
    ("/v1/models/half_plus_two:infer", 400, "Malformed request"),
    ("/v1/models/half_plus_two:predict/", 400, "Malformed request"),
    ("/v1/half_plus_two:predict", 400, "Malformed request"),
    ("/v1/models/half_plus_two:predict?x=y", 200, ANSWERED),
    ("/v1/models/half_plus_two:Predict", 400, "Malformed request"),
]
BODIES = [
    # Both forms, one input.
    ({"instances": X}, 200, ANSWERED),
    ({"inputs": X}, 200, {"outputs": [2.5, 3.0, 4.5]}),
    ({"inputs": {"x": X}}, 200, {"outputs": [2.5, 3.0, 4.5]}),
    ({"instances": [{"x": 1}, {"x": 2.0}, {"x": 5e0}]}, 200, ANSWERED),
    ({"instances": [1, 2, 5]}, 200, ANSWERED),
    ({"signature_name": "", "instances": X}, 200, ANSWERED),
    ({"signature_name": "serving_default", "instances": X, "more": 1}, 200, ANSWERED),
    ({"inputs": {"x": X, "unknown": 1}}, 200, {"outputs": [2.5, 3.0, 4.5]}),
    # The graph decides about shapes.
    ({"instances": [[1.0], [2.0]]}, 200, {"predictions": [[2.5], [3.0]]}),
    ({"inputs": 2.0}, 200, {"outputs": 3.0}),
    ({"inputs": [[[1.0]]]}, 200, {"outputs": [[[2.5]]]}),
    ({"inputs": []}, 200, {"outputs": []}),
    ({"inputs": [[], []]}, 200, {"outputs": [[], []]}),
    (toy("narrow", instances=X), 200, ANSWERED),
    (toy("narrow", instances=[[1.0], [2.0]]), 200, {"predictions": [[2.5], [3.0]]}),
    ({"instances": [0.0] * 65}, 200, {"predictions": [2.0] * 65}),
    ({"instances": [0.0] * 5000}, 200, {"predictions": [2.0] * 5000}),
    # Numbers.
    ('{"instances": [NaN]}', 200, {"predictions": [math.nan]}),
    ('{"instances": [Infinity, -Infinity]}', 200, {"predictions": [math.inf, -math.inf]}),
    ('{"instances": [1435774380]}', 200, {"predictions": [717887170.0]}),
    ('{"instances": [100000000000000000000]}', 200, {"predictions": [5e19]}),
    ('{"instances": [1e400]}', 400, "too large"),
    ('{"instances": [-1e400]}', 400, "too large"),
    ('{"instances": [1e400, Infinity]}', 400, "too large"),
    ('{"instances": [1e39]}', 400, "too large"),
    ('{"instances": [true]}', 400, "expected a number"),
    ('{"instances": [1.0, true]}', 400, "expected a number"),
    ('{"instances": ["1"]}', 400, "expected a number"),
    ('{"instances": [null]}', 400, "expected a number"),
    ('{"instances": [{"b64": "AA=="}]}', 400, "expected a number"),
    ('{"instances": [[1.0], 2.0]}', 400, "same length"),
    ('{"instances": [[1.0], [2.0, 3.0]]}', 400, "same length"),
    # Documents.
    ('  \n{"instances": [1.0]}', 200, {"predictions": [2.5]}),
    ('\ufeff{"instances": [1.0]}', 200, {"predictions": [2.5]}),
    ('{"instances": [1.0]} and more', 200, {"predictions": [2.5]}),
    ('{"instances": [1.0]}\x00', 200, {"predictions": [2.5]}),
    ("", 400, "JSON Parse error"),
    ("{", 400, "JSON Parse error"),
    ('{"instances": [1.0]', 400, "JSON Parse error"),
    ("{instances: [1.0]}", 400, "JSON Parse error"),
    ("[]", 400, "expected a JSON object"),
    ("1", 400, "expected a JSON object"),
    ("{}", 400, "one of the keys"),
    ({"instances": X, "inputs": X}, 400, "one of the keys"),
    ({"instances": []}, 400, "at least one"),
    ({"instances": 1.0}, 400, "at least one"),
    ({"instances": {"x": X}}, 400, "at least one"),
    ({"instances": [{"x": 1.0}, 2.0]}, 400, "'instances'[1]"),
    ({"instances": [1.0, {"x": 2.0}]}, 400, "'instances'[0]"),
    ({"instances": [{"x": 1.0, "y": 2.0}]}, 400, "'instances'[0]"),
    ({"instances": [{"y": 2.0}]}, 400, "'instances'[0]"),
    ({"inputs": {"y": X}}, 400, "input x is missing"),
    ({"signature_name": 5, "instances": X}, 400, "signature_name"),
    ({"signature_name": "none", "instances": X}, 400, "no signature 'none'"),
    ('{"signature_name": "\\ud800", "instances": [1.0]}', 400, "surrogate"),
    ('{"\\ud800": 1, "instances": [1.0]}', 200, {"predictions": [2.5]}),
]
TOYS = [
    # Several inputs.
    (toy("pair", instances=[{"a": 1, "b": 2}]), 200, {"predictions": [{"y": 3.0, "z": 2.0}]}),
    (toy("pair", inputs={"a": [1, 2], "b": [3, 4]}), 200, {"outputs": {"y": [4.0, 6.0], "z": [3.0, 8.0]}}),
    (toy("pair", inputs={"a": [1], "b": [3, 4]}), 200, {"outputs": {"y": [4.0, 5.0], "z": [3.0, 4.0]}}),
    (toy("pair", inputs={"a": [1, 2, 3], "b": [3, 4]}), 400, "Incompatible shapes"),
    (toy("pair", instances=[1, 2]), 400, "takes a, b"),
    (toy("pair", inputs=[1, 2]), 400, "takes a, b"),
    (toy("pair", inputs={"a": [1, 2]}), 400, "input b is missing"),
    (toy("lengths", inputs={"a": [1], "b": []}), 200, {"outputs": {"y": [2.0], "z": []}}),
    (toy("lengths", inputs={"a": [1, 2], "b": [1]}), 200, {"outputs": {"y": [2.0, 4.0], "z": [2.0]}}),
    (toy("sums", instances=[{"a": 1, "b": "s"}]), 400, "no common number"),
    (toy("sums", inputs={"a": [1, 2], "b": ["s"]}), 200, {"outputs": {"a": 3.0, "b": ["s"]}}),
    # One run for one request.
    (toy("rows", instances=[0.0] * 20), 200, {"predictions": [20] * 20}),
    # Single numbers and strings.
    (toy("scalar", inputs=2.5), 200, {"outputs": 5.0}),
    (toy("greeting", inputs="you"), 200, {"outputs": "hello you"}),
    (toy("greeting", inputs={"name": "you"}), 200, {"outputs": "hello you"}),
    (toy("greeting", inputs={"b64": "eW91"}), 200, {"outputs": "hello you"}),
    (toy("greeting", instances=["a", "b"]), 200, {"predictions": ["hello a", "hello b"]}),
    # Strings.
    (toy("same_string", instances=["é", "\U0001f600", ""]), 200, {"predictions": ["é", "\U0001f600", ""]}),
    (
        '{"signature_name": "same_string", "instances": ["\\ud83d\\ude00"]}',
        200,
        {"predictions": ["\U0001f600"]},
    ),
    ('{"signature_name": "same_string", "instances": ["\\ud800"]}', 400, "surrogate"),
    ('{"signature_name": "same_string", "instances": ["\\u0000"]}', 200, {"predictions": ["\x00"]}),
    (toy("same_string", instances=["plain", {"b64": "YmFzZQ=="}]), 200, {"predictions": ["plain", "base"]}),
    (toy("same_string", instances=[1]), 400, "expected a string"),
    (toy("same_string", instances=[{"b64": 1}]), 400, "'instances'[0]"),
    (toy("same_string", instances=[["a", "b"], ["c", "d"]]), 200, {"predictions": [["a", "b"], ["c", "d"]]}),
    (toy("same_string", instances=[["a"] * 300]), 200, {"predictions": [["a"] * 300]}),
    (toy("same_string", instances=[["a"], ["c", "d"]]), 400, "[1]: expected a list of 1"),
    (toy("bytes", inputs=[{"b64": PACKED}]), 200, {"outputs": {"y": [90], "y_bytes": [{"b64": PACKED}]}}),
    (toy("bytes", inputs=["abc"]), 200, {"outputs": {"y": [3], "y_bytes": [{"b64": "YWJj"}]}}),
    # base64 of other clients.
    (toy("bytes", inputs=[{"b64": B64}]), 200, {"outputs": {"y": [90], "y_bytes": [{"b64": PACKED}]}}),
    (toy("same_string", inputs=[{"b64": "YWI="}]), 200, {"outputs": ["ab"]}),
    (toy("same_string", inputs=[{"b64": "YWI"}]), 200, {"outputs": ["ab"]}),
    (toy("same_string", inputs=[{"b64": "YQ"}]), 200, {"outputs": ["a"]}),
    (toy("same_string", inputs=[{"b64": "Y Q = ="}]), 200, {"outputs": ["a"]}),
    (toy("same_string", inputs=[{"b64": ""}]), 200, {"outputs": [""]}),
    (toy("same_string", inputs=[{"b64": "YQ="}]), 400, "no base64"),
    (toy("same_string", inputs=[{"b64": "Y"}]), 400, "no base64"),
    (toy("same_string", inputs=[{"b64": "YW*="}]), 400, "no base64"),
    (toy("same_string", inputs=[{"b64": "_-8="}]), 400, "no base64"),
    (toy("same_string", inputs=[{"b64": "é"}]), 400, "no base64"),
    # Other dtypes.
    (toy("same_bool", instances=[True, False]), 200, {"predictions": [True, False]}),
    (toy("same_bool", instances=[1]), 400, "true or false"),
    (toy("same_int32", instances=[-(2**31), 2**31 - 1]), 200, {"predictions": [-(2**31), 2**31 - 1]}),
    (toy("same_int32", instances=[2**31]), 400, "not in"),
    (toy("same_int32", instances=[1.0]), 400, "whole number"),
    (toy("same_int32", instances=[True]), 400, "whole number"),
    (toy("same_int32", instances=[1, True]), 400, "whole number"),
    (toy("same_int64", instances=[-(2**63), 2**63 - 1]), 200, {"predictions": [-(2**63), 2**63 - 1]}),
    (toy("same_uint64", instances=[2**64 - 1]), 200, {"predictions": [2**64 - 1]}),
    (toy("same_uint64", instances=[1, 2**64 - 1]), 200, {"predictions": [1, 2**64 - 1]}),
    (toy("same_uint64", instances=[-1]), 400, "not in"),
    (toy("same_uint64", instances=[-1, 2**63]), 400, "not in"),
    (toy("same_uint64", instances=[2**64]), 400, "not in"),
    (toy("same_uint64", instances=[2**63, 0.5]), 400, "whole number"),
    (toy("same_uint64", instances=[2**63, None]), 400, "whole number"),
    (toy("same_uint64", instances=[2**63, 1, True]), 400, "whole number"),
    (toy("same_uint32", instances=[2**32 - 1]), 200, {"predictions": [2**32 - 1]}),
    (toy("same_int8", instances=[-128, 127]), 200, {"predictions": [-128, 127]}),
    (toy("same_uint8", instances=[0, 255]), 200, {"predictions": [0, 255]}),
    (toy("same_int16", instances=[-1]), 200, {"predictions": [-1]}),
    (toy("same_int32", inputs=[]), 200, {"outputs": []}),
    (toy("same_float64", instances=[0.1, 1e308]), 200, {"predictions": [0.1, 1e308]}),
    (toy("same_float64", instances=[1]), 200, {"predictions": [1.0]}),
    (toy("same_complex64", instances=[1.0]), 501, "complex64"),
    (toy("same_qint8", instances=[1]), 501, "qint8"),
    # What the graph says.
    (toy("asserts", instances=[1.0, -1.0]), 400, "x: not above zero"),
    (toy("decoded", instances=["abc"]), 400, "length"),
    (toy("out_of_range", instances=[7]), 400, "not in [0, 2)"),
    (toy("untrue", instances=[[1, 2], [3, 4]]), 200, {"predictions": [1.0, 2.0, 3.0, 4.0]}),
    (toy("nothing", inputs=[1.0]), 200, {"outputs": []}),
    (toy("nothing", instances=[1.0]), 200, {"predictions": []}),
]


def named(cases: list) -> list:
    return [pytest.param(*case, id=f"{number}-{str(case[0])[:40]}") for number, case in enumerate(cases)]


@pytest.mark.parametrize(("path", "status", "expected"), PATHS)
def test_paths(toy_server, path, status, expected):
    # Not httpx's own reading of a path, which encodes and decodes it.
    check(toy_server.raw_post(path, json.dumps({"instances": X}).encode()), status, expected)


@pytest.mark.parametrize(("body", "status", "expected"), named(BODIES))
def test_bodies(toy_server, body, status, expected):
    content = body if isinstance(body, str) else json.dumps(body)
    check(toy_server.shared_rest.post(ROW, content=content.encode()), status, expected)


@pytest.mark.parametrize(("body", "status", "expected"), named(TOYS))
def test_signatures(toy_server, body, status, expected):
    content = body if isinstance(body, str) else json.dumps(body)
    check(toy_server.shared_rest.post(SAME, content=content.encode()), status, expected)


def test_the_example_of_the_documentation(toy_server):
    """half_plus_three, whose signature declares one column and whose example sends none."""
    for path in ("/v1/models/half_plus_three", "/v1/models/half_plus_three/versions/1"):
        for body in ({"instances": X}, toy("narrow", instances=X)):
            answer = toy_server.shared_rest.post(f"{path}:predict", json=body)
            check(answer, 200, {"predictions": [3.5, 4.0, 5.5]})
