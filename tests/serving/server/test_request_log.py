"""The request log: TensorFlow Serving's PredictionLogs in TFRecords, sampled and bounded."""

import io
import re
import threading
from pathlib import Path

import httpx
import pytest
import tensorflow as tf
from helpers.serving.running_server import RunningServer, arrays, b64, picture, predict_request
from tensorflow_serving.apis import model_management_pb2, model_pb2, prediction_log_pb2
from tensorflow_serving.apis.classification_pb2 import ClassificationRequest

from models.errors import InputError
from serving.server.event_log import EventLog
from serving.server.metrics import Metrics
from serving.server.options import Options
from serving.server.request_log import request_log
from serving.server.request_log.log_file import LogFile, Rotation
from serving.server.request_log.request_log import RequestLog
from serving.server.versions.model_config import Logging, read_config_file


def _logs(folder: Path) -> list[prediction_log_pb2.PredictionLog]:
    """Of all files that are whole, with nothing of ours."""
    files = sorted(str(path) for path in folder.glob("[!.]*.tfrecord"))
    records = tf.data.TFRecordDataset(files).as_numpy_iterator()
    return [prediction_log_pb2.PredictionLog.FromString(record) for record in records]


def _counted(text: str) -> dict[str, int]:
    found = re.findall(r'vgg_request_log_total{model="vgg",outcome="(\w+)"} (\d+)', text)
    return {outcome: int(count) for outcome, count in found}


def test_requests_of_both_protocols_are_written_with_their_answers(base_path, tmp_path):
    with RunningServer(base_path, request_log_prefix=str(tmp_path / "logs" / "vgg")) as server:
        images = [picture(1), picture(2)]
        asked = predict_request(images, "single_scale")
        asked.output_filter.append("probabilities")
        answered = server.shared_prediction.Predict(asked)
        body = {"instances": [b64(images[0])]}
        rest = server.shared_rest.post("/v1/models/vgg:predict", json=body).json()["predictions"]
        refused = server.shared_rest.post("/v1/models/vgg:predict", json={"instances": [b64(b"no image")]})
        assert refused.status_code == 400
        assert list((tmp_path / "logs").glob("[!.]*")) == [], "the file is not whole yet"
    by_grpc, by_rest = _logs(tmp_path / "logs")
    assert by_grpc.predict_log.request == asked
    assert by_grpc.predict_log.response == answered
    metadata = by_grpc.log_metadata
    assert (metadata.model_spec, metadata.sampling_config.sampling_rate) == (answered.model_spec, 1.0)
    assert list(metadata.saved_model_tags) == ["serve"]
    assert metadata.timestamp_secs > 1_700_000_000
    request, response = by_rest.predict_log.request, by_rest.predict_log.response
    assert tf.make_ndarray(request.inputs["image_bytes"]).tolist() == [images[0]]
    assert arrays(response)["probabilities"][0].tolist() == pytest.approx(rest[0]["probabilities"])


def test_it_is_written_as_the_configuration_of_the_models_says_and_a_reload_changes_it(base_path, tmp_path):
    file = tmp_path / "models.config"
    logging = (
        "logging_config { log_collector_config { type: 'tfrecord' filename_prefix: '%s' } "
        "sampling_config { sampling_rate: 1 } }" % (tmp_path / "logs" / "a")
    )
    model = f"model_config_list {{ config {{ name: 'vgg' base_path: '{base_path}' %s }} }}"
    file.write_text(model % logging)
    with RunningServer(None, model_config_file=str(file)) as server:
        server.shared_prediction.Predict(predict_request([picture(1)]))
        reload = model_management_pb2.ReloadConfigRequest()
        config = reload.config.model_config_list.config.add(name="vgg", base_path=str(base_path))
        server.model.HandleReloadConfigRequest(reload)
        server.shared_prediction.Predict(predict_request([picture(2)]))
        config.logging_config.log_collector_config.filename_prefix = str(tmp_path / "logs" / "b")
        config.logging_config.sampling_config.sampling_rate = 1
        server.model.HandleReloadConfigRequest(reload)
        server.shared_prediction.Predict(predict_request([picture(3)]))
    assert len(list((tmp_path / "logs").glob("a-*"))) == len(list((tmp_path / "logs").glob("b-*"))) == 1
    images = [
        tf.make_ndarray(log.predict_log.request.inputs["image_bytes"]).item()
        for log in _logs(tmp_path / "logs")
    ]
    assert images == [picture(1), picture(3)]


def test_classify_is_written_too_and_a_log_is_a_warm_up_file(exported_base_path, tmp_path):
    example = tf.train.Example()
    example.features.feature["image/encoded"].bytes_list.value.append(picture(1))
    asked = ClassificationRequest(model_spec={"name": "vgg", "signature_name": "classify"})
    asked.input.example_list.examples.append(example)
    with RunningServer(exported_base_path, request_log_prefix=str(tmp_path / "logs" / "vgg")) as server:
        answered = server.shared_prediction.Classify(asked)
    (log,) = _logs(tmp_path / "logs")
    assert (log.classify_log.request, log.classify_log.response) == (asked, answered)
    (file,) = (tmp_path / "logs").iterdir()
    extra = exported_base_path / "1" / "assets.extra"
    file.rename(extra / "tf_serving_warmup_requests")
    with RunningServer(exported_base_path) as server:
        assert '"requests": 1' in server.log.getvalue()


class _Written(RequestLog):
    """A log of its own, of the model vgg."""

    def __init__(self, folder: Path, rate: float = 1.0, seed: int = 0, **rotation):
        self.metrics = Metrics()
        limits = Rotation(**{"most_bytes": 10**9, "most_seconds": 1e9, **rotation})
        self.events = io.StringIO()
        super().__init__(limits, seed, ["serve"], self.metrics, EventLog(self.events))
        self._to = Logging(str(folder / "vgg"), rate)

    def say(self, number: int, size: int = 10, held: threading.Event | None = None) -> None:
        def make(metadata) -> prediction_log_pb2.PredictionLog:
            if held:
                assert held.wait(60)
            log = prediction_log_pb2.PredictionLog(log_metadata=metadata)
            log.predict_log.request.model_spec.version.value = number
            return log

        self.offer(self._to, model_pb2.ModelSpec(name="vgg"), size, make)

    @property
    def counted(self) -> dict[str, int]:
        return _counted(self.metrics.text().decode())


def _numbers(folder: Path) -> list[int]:
    return [log.predict_log.request.model_spec.version.value for log in _logs(folder)]


def test_a_share_of_them_is_drawn_by_the_seed(tmp_path):
    drawn = []
    for number, seed in enumerate((1, 1, 2)):
        log = _Written(tmp_path / str(number), rate=0.25, seed=seed)
        for request in range(400):
            log.say(request)
        log.close()
        drawn.append(_numbers(tmp_path / str(number)))
    assert drawn[0] == drawn[1] != drawn[2]
    # 400 draws of 0.25: 100, with a standard deviation of 8.7.
    assert all(65 < len(numbers) < 135 for numbers in drawn)


@pytest.mark.parametrize(("rate", "count"), [(0.0, 0), (1.0, 5)])
def test_all_or_none(tmp_path, rate, count):
    log = _Written(tmp_path / "logs", rate=rate)
    for request in range(5):
        log.say(request)
    log.close()
    assert len(_numbers(tmp_path / "logs")) == count


def test_what_finds_too_much_waiting_is_dropped_and_counted_and_nobody_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(request_log, "MOST_BYTES", 100)
    log, held = _Written(tmp_path / "logs"), threading.Event()
    log.say(0, size=60, held=held)
    log.say(1, size=60)
    log.say(2, size=40)
    held.set()
    log.close()
    assert _numbers(tmp_path / "logs") == [0, 2]
    assert log.counted == {"written": 2, "dropped": 1}


def test_a_full_disk_or_a_folder_that_cannot_be_written_is_counted_and_said_once(tmp_path):
    (tmp_path / "logs").write_text("a file where the folder should be")
    log = _Written(tmp_path / "logs")
    log.say(0)
    log.say(1)
    log.close()
    assert log.counted == {"failed": 2}
    assert log.events.getvalue().count("request_log_failed") == 1


def test_files_end_by_size_and_by_age_and_have_their_names_only_then(tmp_path):
    now = [1_800_000_000.0]
    file = LogFile(str(tmp_path / "vgg"), Rotation(most_bytes=10, most_seconds=60), lambda: now[0])
    file.write(b"1234")
    assert [path.name[0] for path in tmp_path.iterdir()] == ["."]
    file.end_if_old()
    file.write(b"123456")
    assert len(list(tmp_path.glob("vgg-20270115-080000-*-00000.tfrecord"))) == 1
    file.write(b"next")
    now[0] += 60
    file.end_if_old()
    assert len(list(tmp_path.glob("vgg-20270115-080000-*-00001.tfrecord"))) == 1
    file.write(b"last")
    file.end()
    names = sorted(tmp_path.iterdir())
    assert [path.name[-14:-9] for path in names] == ["00000", "00001", "00002"]
    read = [[*tf.data.TFRecordDataset(str(path)).as_numpy_iterator()] for path in names]
    assert read == [[b"1234", b"123456"], [b"next"], [b"last"]]


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        ({"request_log_prefix": "logs/vgg"}, "expected an absolute path and the beginning of a name"),
        ({"request_log_prefix": "/logs/"}, "expected an absolute path and the beginning of a name"),
        ({"request_log_prefix": "/logs/a", "request_log_sampling_rate": 1.1}, "sampling rate 1.1; expected"),
    ],
)
def test_flags_that_cannot_be_are_refused(base_path, options, refusal):
    with pytest.raises(InputError, match=refusal), RunningServer(base_path, **options):
        pass


def test_configurations_that_cannot_be_are_refused(tmp_path):
    file = tmp_path / "models.config"
    text = "model_config_list { config { name: 'a' base_path: '/a' logging_config { %s } } }"
    for inner, refusal in (
        ("log_collector_config { type: 'kafka' filename_prefix: '/l/a' }", "log collector kafka; expected"),
        ("sampling_config { sampling_rate: 1 }", "filename prefix ''; expected"),
    ):
        file.write_text(text % inner)
        with pytest.raises(InputError, match=refusal):
            read_config_file(str(file))
    with pytest.raises(InputError, match="not with --model_config_file"):
        Options(model_config_file=str(file), request_log_prefix="/logs/vgg").check()


def test_without_the_flag_nothing_is_written_and_no_thread_runs(server):
    assert isinstance(server.shared_prediction.Predict(predict_request([picture(1)])), object)
    metrics = httpx.get(f"{server.url}/monitoring/prometheus/metrics").text
    assert _counted(metrics) == {}
    assert "request log" not in {thread.name for thread in threading.enumerate()}
