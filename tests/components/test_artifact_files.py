"""Where artifacts lie, here and in an object store."""

from pathlib import Path

import pytest

from components.artifact_files import component_folder

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("root", ["/home/of/vgg", "gs://bucket/root", "s3://bucket"])
@pytest.mark.parametrize("end", ["", "/"])
def test_a_components_folder_is_above_its_artifacts(root, end):
    assert component_folder(f"{root}/Trainer.demo/model_run/7{end}") == f"{root}/Trainer.demo"


def test_no_module_normalises_paths():
    """os.path.normpath makes gs:/ of gs://."""
    packages = ("models", "serving", "components", "pipeline")
    modules = [path for package in packages for path in (ROOT / package).glob("**/*.py")]
    assert not [path for path in modules if "normpath(" in path.read_text()]
