"""Arrays as TensorFlow Serving writes them into a REST answer."""

import json
import math

import numpy as np
import pytest

from serving.server.encoding.json_answers import AT_ONCE, columnar_body, row_body
from serving.server.errors import ServingError

FLOATS = np.array([[1.5, -0.25], [0.1, 3e-30]], np.float32)
STRINGS = np.array([[b"owl", "Käfer".encode()]], object)


def test_rows_have_a_value_of_each_output():
    answer = json.loads(row_body({"a": FLOATS, "b": np.array([7, 8])}))
    assert [row["b"] for row in answer["predictions"]] == [7, 8]
    assert np.array([row["a"] for row in answer["predictions"]], np.float32).tobytes() == FLOATS.tobytes()


def test_a_single_output_goes_without_its_name():
    assert json.loads(row_body({"b": np.array([7, 8])})) == {"predictions": [7, 8]}
    assert json.loads(columnar_body({"b": np.array([7, 8])})) == {"outputs": [7, 8]}


def test_columns_are_whole_arrays():
    assert json.loads(columnar_body({"b": np.array([[7], [8]]), "c": np.array(True)})) == {
        "outputs": {"b": [[7], [8]], "c": True}
    }


def test_strings_are_plain_and_bytes_are_base64():
    assert json.loads(columnar_body({"names": STRINGS})) == {"outputs": [["owl", "Käfer"]]}
    assert "Käfer".encode() in columnar_body({"names": STRINGS})
    named_bytes = json.loads(columnar_body({"image_bytes": np.array([b"abc"], object)}))
    assert named_bytes == {"outputs": [{"b64": "YWJj"}]}
    no_text = json.loads(row_body({"names": np.array([b"\xff\xfe"], object)}))
    assert no_text == {"predictions": [{"b64": "//4="}]}


def test_nan_and_infinity_are_written_as_tensorflow_serving_does():
    body = columnar_body({"x": np.array([np.nan, np.inf, -np.inf], np.float32)})
    assert body == b'{"outputs": [NaN, Infinity, -Infinity]}'
    assert math.isnan(json.loads(body)["outputs"][0])


def test_outputs_of_different_lengths_have_no_rows():
    with pytest.raises(ServingError, match="no common number of items"):
        row_body({"a": FLOATS, "b": np.array([1, 2, 3])})
    with pytest.raises(ServingError, match="no common number of items"):
        row_body({"a": FLOATS, "b": np.array(1)})


def test_long_arrays_are_written_whole():
    array = np.arange(2 * AT_ONCE + 2, dtype=np.int64).reshape(1, 2, -1)
    assert json.loads(columnar_body({"x": array}))["outputs"] == array.tolist()
    assert json.loads(row_body({"x": array}))["predictions"] == array.tolist()
