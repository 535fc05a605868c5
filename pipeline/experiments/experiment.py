"""What one experiment is."""

from dataclasses import dataclass

from components.localisation.box_recipe import Localisation
from components.recipe import Evaluation, TrainedLayers, TrainerConfig
from models.errors import InputError
from pipeline.experiments.paper_tables import FusionRow, Row


@dataclass(frozen=True)
class Experiment:
    """One configuration of the whole pipeline.

    Attributes:
        name: what VGG_EXPERIMENT says.
        summary: one line that says what it is, for the list of `vgg experiments`.
        config: net and training.
        evaluation: how the net is tested.
        weights: name of the trained net; experiments that differ only in their evaluation share it.
        starts_from: name of the experiment whose trained net is the base model, or None.
        fused_with: names of experiments of other nets whose posteriors are averaged with this one's (section
            4.4). Such an evaluation pushes no model, as what it evaluates is none.
        most_undecodable: share of a split, 0..1, that may fail to decode before the run fails.
        paper: the row of the paper that this is, or is the miniature of, or None.
        net_of_base: whether its net is the one of the model to start from (VGG_INIT_FROM), which it needs.
        fixes_classes: whether its net is for as many classes as it says, whatever the data have.
        localisation: the box net and its test (appendix A), or None where nothing is localised.
    """

    name: str
    summary: str
    config: TrainerConfig
    evaluation: Evaluation
    weights: str
    starts_from: str | None = None
    fused_with: tuple[str, ...] = ()
    most_undecodable: float = 0.0
    paper: Row | FusionRow | None = None
    net_of_base: bool = False
    fixes_classes: bool = False
    localisation: Localisation | None = None

    @property
    def needs_base(self) -> bool:
        """Whether it cannot do without a model to start from."""
        return self.net_of_base or self.config.training.trained_layers is TrainedLayers.SVM

    def __post_init__(self):
        if min(self.evaluation.shorter_sides) < self.config.net.input_size:
            raise InputError(
                f"experiment {self.name}: Q {self.evaluation.shorter_sides}: smaller than the net's crop of "
                f"{self.config.net.input_size} pixels, so that there is no score map"
            )
        if self.localisation:
            self._check_localisation(self.localisation)

    def _check_localisation(self, wanted: Localisation) -> None:
        for what, sides in (("Q", wanted.evaluation.shorter_sides), ("S", wanted.training.scales)):
            if min(sides) < self.config.net.input_size:
                raise InputError(
                    f"experiment {self.name}: localisation: {what} {sides}: smaller than the net's crop of "
                    f"{self.config.net.input_size} pixels"
                )
