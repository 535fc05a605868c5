"""What a REST answer of the toys must be."""

import json

ROW, SAME = "/v1/models/half_plus_two:predict", "/v1/models/toys:predict"
ANSWERED = {"predictions": [2.5, 3.0, 4.5]}
X = [1.0, 2.0, 5.0]


def toy(signature: str, **given) -> dict:
    return {"signature_name": signature, **given}


def check(answer, status: int, expected: dict | str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    if isinstance(expected, str):
        assert answer.json().keys() == {"error"}
        assert expected in answer.json()["error"]
    else:
        assert json.dumps(answer.json(), sort_keys=True) == json.dumps(expected, sort_keys=True)
