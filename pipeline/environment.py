"""Where things are: the folders of data, of the pipeline's artifacts and of the pushed model."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PIPELINE_NAME = "vgg"


@dataclass(frozen=True)
class Environment:
    """Absolute paths of one user's data and results.

    Attributes:
        data: folder of TFRecords (`VGG_DATA`), train-* and validation-*.
        home: folder of everything that a run writes (`VGG_HOME`).
    """

    data: Path
    home: Path

    @classmethod
    def from_variables(cls, variables: Mapping[str, str] = os.environ) -> "Environment":
        """Reads VGG_HOME (default ~/vgg) and VGG_DATA (default $VGG_HOME/data)."""
        home = Path(variables.get("VGG_HOME") or "~/vgg").expanduser().absolute()
        data = Path(variables.get("VGG_DATA") or home / "data").expanduser().absolute()
        return cls(data=data, home=home)

    @property
    def pipeline_root(self) -> Path:
        """Artifacts, one folder per component and execution."""
        return self.home / "pipeline"

    @property
    def metadata(self) -> Path:
        """ML Metadata's SQLite file."""
        return self.home / "metadata.sqlite"

    @property
    def serving(self) -> Path:
        """Base path of the pushed model: TF Serving's `--model_base_path`, VERSION/ below."""
        return self.home / "serving" / "vgg"

    @property
    def logs(self) -> Path:
        """What TFX, Beam and TensorFlow log, one file per run."""
        return self.home / "logs"
