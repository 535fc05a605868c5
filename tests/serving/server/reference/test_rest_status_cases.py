"""Status and metadata by REST as TensorFlow Serving answers them, case by case."""

import pytest

GETS = [
    ("/v1/models/half_plus_two", 200, [("124", "AVAILABLE"), ("123", "AVAILABLE")]),
    ("/v1/models/half_plus_two/versions/123", 200, [("123", "AVAILABLE")]),
    ("/v1/models/half_plus_two/labels/stable", 200, [("123", "AVAILABLE")]),
    ("/v1/models/half_plus_two/versions/9", 404, "could not find version 9"),
    ("/v1/models/half_plus_two/labels/none", 400, "no version label"),
    ("/v1/models/none", 404, "no model 'none'"),
    ("/v1/models", 400, "name of a model"),
    ("/v1/models/metadata", 404, "no model 'metadata'"),
    ("/v1/models/half_plus_two/", 400, "Malformed request"),
    ("/v1/models/half_plus_two:predict", 400, "Malformed request"),
    ("/v1/models/none/metadata", 404, "no model 'none'"),
    ("/v1/models/half_plus_two/versions/9/metadata", 404, "no version 9"),
]


@pytest.mark.parametrize(("path", "status", "expected"), GETS)
def test_status(toy_server, path, status, expected):
    answer = toy_server.shared_rest.get(path)
    if isinstance(expected, str):
        assert (answer.status_code, answer.json().keys()) == (status, {"error"})
        assert expected in answer.json()["error"]
        return
    found = answer.json()["model_version_status"]
    assert [(each["version"], each["state"]) for each in found] == expected
    assert found[0]["status"] == {"error_code": "OK", "error_message": ""}


@pytest.mark.parametrize("part", ["", "/versions/123", "/labels/stable"])
def test_metadata(toy_server, part):
    found = toy_server.shared_rest.get(f"/v1/models/half_plus_two{part}/metadata").json()
    assert found["model_spec"]["name"] == "half_plus_two"
    assert found["model_spec"]["version"] == ("123" if part else "124")
    signatures = found["metadata"]["signature_def"]["signature_def"]
    assert signatures["regress_x_to_y"]["method_name"] == "tensorflow/serving/regress"
    assert signatures["serving_default"]["inputs"]["x"]["dtype"] == "DT_FLOAT"
