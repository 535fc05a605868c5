"""Changed code misses TFX's cache in the components that run it, and in no others."""

import functools
import shutil
from pathlib import Path

import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler.compiler import Compiler
from tfx.orchestration import metadata
from tfx.orchestration.portable import cache_utils, inputs_utils

from components.code_fingerprint import PACKAGES, ROOT, fingerprint, reached
from pipeline import code_of_nodes
from pipeline.environment import Environment
from pipeline.experiments.catalogue import experiment
from pipeline.pipeline import create_pipeline

DATA = ("WrittenSchemaGen", "Transform")
SCORERS = tuple(f"Scorer.demo.dense.{q}" for q in (64, 72, 80))
NODES_WITHOUT_CODE = {"ShardExampleGen", "StatisticsGen", "ExampleValidator"}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The demo's nodes by id."""
    folder = tmp_path_factory.mktemp("demo")
    environment = Environment(data=folder / "data", home=folder / "home")

    def compiled(**options):
        pipeline = Compiler().compile(create_pipeline(experiment("demo"), environment, **options))
        return pipeline.pipeline_info, {
            node.pipeline_node.node_info.id: node.pipeline_node for node in pipeline.nodes
        }

    return compiled


@pytest.fixture(scope="module")
def cache_keys(compiled):
    """TFX's cache key of each node by the code below `root`; there are no input artifacts yet."""

    def cache_keys(root: Path) -> dict[str, str]:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(code_of_nodes, "fingerprint", functools.partial(fingerprint, root=root))
            info, nodes = compiled()
        connection = metadata_store_pb2.ConnectionConfig()
        connection.fake_database.SetInParent()
        keys = {}
        with metadata.Metadata(connection) as handle:
            for name, node in nodes.items():
                parameters = inputs_utils.resolve_parameters(node.parameters)
                keys[name] = cache_utils.get_cache_context(handle, node, info, parameters=parameters).name
        return keys

    return cache_keys


@pytest.fixture(scope="module")
def keys_of_code(cache_keys) -> dict[str, str]:
    """Of the code as it is."""
    return cache_keys(ROOT)


@pytest.fixture
def copy_of_code(tmp_path) -> Path:
    """The code, to be changed."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_each_node_that_runs_our_code_has_its_fingerprint(compiled):
    _, nodes = compiled()
    without = {
        name
        for name, node in nodes.items()
        if "code" not in node.parameters.parameters
        and '"code"' not in node.parameters.parameters["custom_config"].field_value.string_value
    }
    assert without == NODES_WITHOUT_CODE


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("models/view_scorer.py", "PIXELS_AT_ONCE = ", "PIXELS_AT_ONCE = 2 * ", SCORERS),
        ("models/view_scorer.py", "PIXELS_AT_ONCE = ", "# Why.\nPIXELS_AT_ONCE = ", ()),
        ("models/training_crop.py", "CHROMA_MARGIN = ", "CHROMA_MARGIN = 1 + ", ("Trainer.demo",)),
        ("models/local_response_norm.py", "BETA = ", "BETA = 2 * ", ("Trainer.demo", *SCORERS, "Exporter")),
        (
            "components/evaluation/metrics.py",
            "CALIBRATION_BINS = ",
            "CALIBRATION_BINS = 1 + ",
            ("Evaluator",),
        ),
        ("components/evaluation/posteriors.py", "np.float32(0.5)", "np.float32(0.4)", ("Averager",)),
        ("components/ingestion/gates.py", "NAMES_SHOWN = ", "NAMES_SHOWN = 1 + ", ("UndecodableGate",)),
        ("models/pixel_moments.py", "MOMENTS = ", "MOMENTS = 1 + ", ("Transform",)),
        ("serving/push.py", 'UNFINISHED = "', 'UNFINISHED = ".', ("Pusher",)),
        ("serving/candidate.py", "SECONDS_AN_IMAGE = ", "SECONDS_AN_IMAGE = 1 + ", ("InfraValidation",)),
        ("serving/saved_model/warmup.py", "def ", "X = 1\n\n\ndef ", ()),
        ("serving/server/options.py", "import", "X = 1\nimport", ()),
        ("components/training/tensorboard.py", "import", "X = 1\nimport", ()),
    ],
)
def test_a_change_misses_the_cache_where_it_computes(
    cache_keys, keys_of_code, copy_of_code, file, old, new, changed
):
    path = copy_of_code / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    after = cache_keys(copy_of_code)
    assert {name for name in after if after[name] != keys_of_code[name]} == set(changed)


def test_evaluation_and_export_do_not_train_anew():
    trained_by = reached("components.training.trainer.run_fn", without=code_of_nodes.NOT_TRAINING)
    found = {name for name, form in trained_by.items() if form}
    rooms = {name.rpartition(".")[0] for name in found}
    assert {"models.vgg", "models.training_crop", "components.training.loop"} <= rooms
    assert not [
        room
        for room in rooms
        if room.startswith(("components.evaluation", "components.pushing", "serving.saved_model.signatures"))
    ]


def test_kept_code_stays_in_what_nets_are_made_of(compiled):
    kept = {"Trainer.demo": "old", "Transform": "old", "Scorer.demo.dense.64": "old", "WrittenSchemaGen": ""}
    _, nodes = compiled(kept=kept)

    def code(name: str) -> str:
        return nodes[name].parameters.parameters["code"].field_value.string_value

    config = nodes["Trainer.demo"].parameters.parameters["custom_config"].field_value.string_value
    assert '"code": "old"' in config
    assert (code("Transform"), code("WrittenSchemaGen")) == ("old", "")
    assert code("Scorer.demo.dense.64") not in ("old", "")
