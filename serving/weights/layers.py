"""A net's layers with weights, in the order of Table 1, under the names that other programs give them."""

from collections.abc import Iterator

from models.architectures import LRN, architecture

FC = ("fc6", "fc7", "fc8")
KERAS_FC = ("fc1", "fc2", "predictions")
TORCHVISION_FC = ("classifier.0", "classifier.3", "classifier.6")
TIMM_FC = ("pre_logits.fc1", "pre_logits.fc2", "head.fc")


def convolutions(configuration: str) -> list[str]:
    """This project's names, conv1_1 to conv5_4."""
    blocks = architecture(configuration).blocks
    return [
        f"conv{block}_{number}"
        for block, layers in enumerate(blocks, start=1)
        for number in range(1, 1 + sum(layer != LRN for layer in layers))
    ]


def keras_names(configuration: str) -> dict[str, str]:
    """This project's names by those of keras.applications: block1_conv1, ..., fc1, fc2, predictions."""
    own = convolutions(configuration)
    theirs = [name.replace("conv", "block").replace("_", "_conv") for name in own]
    return dict(zip([*theirs, *KERAS_FC], [*own, *FC], strict=True))


def torch_names(configuration: str, fc: tuple[str, ...] = TORCHVISION_FC) -> dict[str, str]:
    """This project's names by those of torchvision (or, with TIMM_FC, of timm): features.0, ...

    There, `features` is one sequence of convolutions, each with a ReLU behind it, and poolings.
    """
    places = (f"features.{place}" for place in _places(configuration))
    return {
        **dict(zip(places, convolutions(configuration), strict=True)),
        **dict(zip(fc, FC, strict=True)),
    }


def _places(configuration: str) -> Iterator[int]:
    place = 0
    for layers in architecture(configuration).blocks:
        for layer in layers:
            if layer != LRN:
                yield place
                place += 2  # itself and its ReLU
        place += 1  # the pooling
