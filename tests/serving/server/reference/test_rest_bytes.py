"""Bodies as bytes: packed, not UTF-8, and numbers as text."""

import gzip
import json

import pytest
from helpers.serving.rest_answers import ANSWERED, ROW, SAME, X, check, toy


def test_a_body_that_is_no_utf8_is_refused(toy_server):
    check(toy_server.shared_rest.post(ROW, content=b'{"instances": ["\xff"]}'), 400, "JSON Parse error")


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "identity"])
def test_bodies_may_be_compressed(toy_server, encoding):
    body = json.dumps({"instances": X}).encode()
    packed = body if encoding == "identity" else gzip.compress(body)
    answer = toy_server.shared_rest.post(ROW, content=packed, headers={"content-encoding": encoding})
    check(answer, 200, ANSWERED)


@pytest.mark.parametrize(
    ("content", "encoding", "said"),
    [
        (gzip.compress(b'{"instances": [1]}', mtime=0)[:-12], "gzip", "no whole gzip file"),
        (b'{"instances": [1]}', "gzip", "no gzip"),
        (b"", "gzip", "no whole gzip file"),
        (b'{"instances": [1]}', "br", "content-encoding 'br'"),
    ],
    ids=["cut off", "not packed", "empty", "another"],
)
def test_bodies_that_cannot_be_unpacked_are_refused(toy_server, content, encoding, said):
    answer = toy_server.shared_rest.post(ROW, content=content, headers={"content-encoding": encoding})
    check(answer, 400, said)


FLOATS = [
    (0.2, "0.2"),
    (0.1, "0.1"),
    (3.0, "3.0"),
    (1 / 3, "0.33333334"),
    (1e-5, "1e-05"),
    (123456.0, "123456.0"),  # from a million on, NumPy 2 writes 1e+06 and NumPy 1 does not
    (1e38, "1e+38"),
    (-0.0, "-0.0"),
]


@pytest.mark.parametrize(("value", "text"), FLOATS)
def test_float32_is_written_as_its_shortest_text(toy_server, value, text):
    answer = toy_server.shared_rest.post(SAME, json=toy("same_float32", inputs=[value]))
    assert answer.text == f'{{"outputs": [{text}]}}'
    answer = toy_server.shared_rest.post(SAME, json=toy("same_float64", inputs=[1 / 3]))
    assert answer.text == '{"outputs": [0.3333333333333333]}'
