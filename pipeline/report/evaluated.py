"""What a report is about: experiments with an evaluation, their nets, data and run, as plain values."""

from dataclasses import dataclass

from components.evaluation.averaging_plan import Group
from components.evaluation.view import View
from components.recipe import TrainerConfig
from pipeline.report.localised_run import LocalisedRun


@dataclass(frozen=True)
class Step:
    """One component of a run.

    Attributes:
        name: its id.
        seconds: what its work took, in an earlier run where this one was answered by the cache.
        cached: whether the cache answered.
    """

    name: str
    seconds: float
    cached: bool


@dataclass(frozen=True)
class DataSet:
    """What ShardExampleGen read.

    Attributes:
        folder: of the TFRecords.
        fingerprint: TFX's: files, bytes and checksums of each split.
        images: by split.
        validation: folder of the validation examples in the pipeline.
    """

    folder: str
    fingerprint: str
    images: dict[str, int]
    validation: str


@dataclass(frozen=True)
class TrainedNet:
    """What one Trainer made.

    Attributes:
        id: of the model in ML Metadata; nets of one name may have been trained more than once.
        weights: its name.
        config: of net and training, or None where it is of an older version of this project.
        base: id of the net that it started from, or None.
        model: folder of the SavedModel.
        logs: folder of TensorBoard's logs.
        seconds: that training took.
        init_from: folder of the model of VGG_INIT_FROM that it started from, "" without one.
    """

    id: int
    weights: str
    config: TrainerConfig | None
    base: int | None
    model: str
    logs: str
    seconds: float
    init_from: str = ""


@dataclass(frozen=True)
class Evaluated:
    """The newest evaluation of one experiment.

    Attributes:
        experiment: its name.
        predictions: folder of the Averager's records.
        evaluation: folder of TFMA's result.
        views: the forward passes that its averages are made of.
        groups: what the average over all is the mean of: for each net the views, with or without the flip.
        nets: ids of the nets that made them.
        data: that it was evaluated on.
        run: name of the run in ML Metadata.
        finished: seconds since 1970.
        steps: components of that run, in order.
        pushed: folder of the pushed model, or None.
        localised: how objects were localised, or None.
    """

    experiment: str
    predictions: str
    evaluation: str
    views: tuple[View, ...]
    groups: tuple[Group, ...]
    nets: tuple[int, ...]
    data: DataSet
    run: str
    finished: float
    steps: tuple[Step, ...]
    pushed: str | None
    localised: LocalisedRun | None = None


@dataclass(frozen=True)
class Home:
    """All that a report is about.

    Attributes:
        experiments: the newest first.
        nets: by id, bases included.
        left_out: a line for each experiment, and each localisation, whose files somebody has deleted.
    """

    experiments: tuple[Evaluated, ...]
    nets: dict[int, TrainedNet]
    left_out: tuple[str, ...] = ()
