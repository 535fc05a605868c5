"""Where the objects of one image are, as found and as they are: records between the Localiser and TFMA.

key, name, label, class, decodes: as in components.evaluation.posteriors; and float vectors:
five [<= 5]: the five best classes; boxes [<= 5, 4]: a box for each, by test 2;
own, central [4]: the box of the true class, by test 2 and by test 1;
true [n, 4]: the boxes of the image's class;
figures [4]: FIGURES, what the errors are made of.
Boxes are (left, top, right, bottom) in fractions of the photograph as it looks.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.evaluation.posteriors import Labelled, example, labelled
from models.localisation.boxes import iou

FIGURES = ("has_box", "central_iou", "dense_iou", "rank")
"""Whether there is a true box; the intersections over union of the true class's boxes, test 1's and test 2's,
with the true box that suits best; and the class's place among the best, from 0, 5 where it is not one of
them."""


@dataclass(frozen=True)
class Localised:
    """One record, see the module's text.

    Attributes:
        image: which it is.
        class_name: the true class's.
        decodes: whether it does; where not, no box is right.
        five, boxes: float [n], [n, 4].
        own: test 2's box of the true class, [4].
        central: test 1's, [4].
        true: [n, 4].
    """

    image: Labelled
    class_name: str
    decodes: bool
    five: np.ndarray
    boxes: np.ndarray
    own: np.ndarray
    central: np.ndarray
    true: np.ndarray

    @property
    def figures(self) -> np.ndarray:
        """float32 [4], see FIGURES."""
        among = np.flatnonzero(self.five == self.image.label)
        rank = among[0] if len(among) and self.decodes else 5
        fits = [self._fit(box) for box in (self.central, self.own)]
        return np.array([float(len(self.true) > 0), *fits, rank], np.float32)

    def _fit(self, box: np.ndarray) -> float:
        return float(iou(box[None], self.true).max()) if len(self.true) and self.decodes else 0.0


def to_record(found: Localised) -> bytes:
    """Serialized."""
    return example(
        key=found.image.key,
        name=found.image.name.encode(),
        label=found.image.label,
        **{"class": found.class_name.encode()},
        decodes=int(found.decodes),
        five=found.five.ravel(),
        boxes=found.boxes.ravel(),
        own=found.own.ravel(),
        central=found.central.ravel(),
        true=found.true.ravel(),
        figures=found.figures,
    ).SerializeToString()


def from_record(record: bytes) -> Localised:
    """The inverse of to_record."""
    feature = tf.train.Example.FromString(record).features.feature

    def boxes(key: str) -> np.ndarray:
        return np.array(feature[key].float_list.value, np.float32).reshape(-1, 4)

    return Localised(
        image=labelled(feature),
        class_name=feature["class"].bytes_list.value[0].decode(),
        decodes=bool(feature["decodes"].int64_list.value[0]),
        five=np.array(feature["five"].float_list.value, np.float32),
        boxes=boxes("boxes"),
        own=boxes("own")[0],
        central=boxes("central")[0],
        true=boxes("true"),
    )
