"""What surrounds the network in the exported model: preprocessing, test protocol, names and budgets."""

from dataclasses import dataclass

from models.label_space import LabelSpace, unique_names
from models.limits import MOST_PIXELS, SQUARES


@dataclass(frozen=True)
class Head:
    """As assets.extra/vgg.json keeps it; a field with a default may be missing there.

    Attributes:
        mean_rgb: of the training set, grey levels, R G B.
        class_names: one for each output of the network, as the data name it; two may be alike.
        shorter_sides: the Q whose posteriors are averaged.
        flip: whether the horizontal flip is averaged in.
        image_key, label_key: keys of the tf.Examples that the model is evaluated on.
        first_label: what the first class is called in these examples.
        synsets: WordNet id of each class, empty where the data name none.
        most_pixels: that an image's header may declare; 64 Mi are 192 MiB decoded.
        squares: how many times longer than its shorter side an image is looked at whole; a longer one is
            looked at in so many squares. Net D's process took 1.9 GiB for a photograph of 4:3 at Q = 256,
            384 and 512 with flips, and 2.8 GiB for one of 4:1.
        map_pixels: most pixels, of all images together, in a request to `score_map`.
    """

    mean_rgb: tuple[float, ...]
    class_names: tuple[str, ...]
    shorter_sides: tuple[int, ...]
    flip: bool
    image_key: str
    label_key: str
    first_label: int
    synsets: tuple[str, ...] = ()
    most_pixels: int = MOST_PIXELS
    squares: int = SQUARES
    map_pixels: int = 1 << 21

    @property
    def middle_side(self) -> int:
        """The Q of the single-scale pass; of an even number the smaller of the two in the middle."""
        return sorted(self.shorter_sides)[(len(self.shorter_sides) - 1) // 2]

    @property
    def label_space(self) -> LabelSpace:
        """What the network's outputs stand for, to compare with data and with other networks."""
        return LabelSpace.of_model(self.class_names, self.synsets)

    @property
    def unique_names(self) -> tuple[str, ...]:
        """One for each output, no two alike: what is shown."""
        return unique_names(self.class_names, self.synsets)
