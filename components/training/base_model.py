"""The weights that training starts from, the last layer in the order of the new net's classes."""

from collections.abc import Mapping

import numpy as np

from models.label_space import Correspondence, LabelSpace, compare_models
from serving.saved_model.description import describe
from serving.saved_model.export import read_weights

LAST = ("fc8_kernel", "fc8_bias")


def base_weights(source: str, classes: LabelSpace) -> dict[str, np.ndarray]:
    """Arrays by layer and kind of an exported SavedModel, for a net of `classes`.

    Says where the classes are in another order, or where this is taken on trust.

    Raises:
        InputError: `source` is no SavedModel of this project, or one of other classes.
    """
    own = describe(source)[1].label_space
    found = compare_models(
        classes,
        own,
        what=f"base model {source}",
        do="start from a net of the same classes, in any order, or from random weights",
        whose="the training data's",
    )
    if found.trusted:
        print(
            f"base model {source}: it or the training data name no classes; that both number them alike is "
            "taken on trust",
            flush=True,
        )
    if found.order:
        print(f"base model {source}: its classes are in another order; matched by their names", flush=True)
    return reordered(read_weights(source), found)


def body_weights(source: str) -> dict[str, np.ndarray]:
    """Arrays by layer and kind of an exported SavedModel, for a net of other classes: all but fc8's.

    Raises:
        InputError: `source` is no SavedModel of this project.
    """
    return {name: array for name, array in read_weights(source).items() if name not in LAST}


def reordered(weights: Mapping[str, np.ndarray], classes: Correspondence) -> dict[str, np.ndarray]:
    """With the rows of fc8 in the order of the classes that `classes` leads to."""
    if classes.order is None:
        return dict(weights)
    order = np.array(classes.order)
    return {name: array[..., order] if name in LAST else array for name, array in weights.items()}
