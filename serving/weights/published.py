"""What a file of published weights holds: a net's weights as this project keeps them, and its mean RGB."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.architectures import ARCHITECTURES, BLOCK_CHANNELS, FC_CHANNELS, LRN, STRIDE, Architecture
from models.errors import InputError
from models.net import Net
from serving.weights.layers import FC, convolutions

BATCH_NORMALISATION = ("running_mean", "running_var", "moving_mean", "moving_variance", "batch_norm")


@dataclass(frozen=True)
class Layer:
    """A layer of the file.

    Attributes:
        name: there.
        kernel: float32 [side, side, inputs, outputs], fully connected layers too, on RGB minus the mean RGB
            in grey levels.
        bias: float32 [outputs].
    """

    name: str
    kernel: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class Published:
    """A file's content.

    Attributes:
        layers: in the net's order.
        mean_rgb: that the net subtracts, grey levels.
        class_names, synsets: by label, where the file says them; else empty.
    """

    layers: tuple[Layer, ...]
    mean_rgb: tuple[float, float, float]
    class_names: tuple[str, ...] = ()
    synsets: tuple[str, ...] = ()


def net_of(published: Published, where: str, wanted: str | None = None) -> Net:
    """Which net the layers are of.

    Args:
        published: with layers as the file has them.
        where: begins the line of an error, such as "weights vgg16.h5".
        wanted: the paper's letter, or None: as the layers say. A and A-LRN have the same layers with weights,
            and None takes A.

    Raises:
        InputError: they are of none, or of another one.
    """
    *body, fc6, _, fc8 = published.layers
    width = BLOCK_CHANNELS[0] // max(body[0].bias.size, 1)
    shapes = [layer.kernel.shape for layer in body]
    found = [each.name for each in ARCHITECTURES.values() if list(_shapes(each, width or 1)) == shapes]
    if not found:
        raise InputError(
            f"{where}: {len(body)} convolutions {_in_words(shapes)}; expected those of a net of Table 1: "
            + ", ".join(f"{each.name} has {each.convolutions}" for each in ARCHITECTURES.values())
        )
    if wanted is not None and wanted not in found:
        raise InputError(f"{where}: the weights of net {found[0]}; expected those of --net {wanted}")
    return Net(
        wanted or found[0], classes=fc8.bias.size, width=width, input_size=fc6.kernel.shape[0] * STRIDE
    )


def weights_of(published: Published, net: Net, where: str) -> dict[str, np.ndarray]:
    """Arrays by layer and kind, conv1_1_kernel, as models.initial_weights has them.

    Raises:
        InputError: a fully connected layer has not the net's shape, or a value is no finite number.
    """
    names = [*convolutions(net.configuration), *FC]
    inputs, side = BLOCK_CHANNELS[-1] // net.width, net.fc6_side
    expected = {
        "fc6": (side, side, inputs, net.fc_channels),
        "fc7": (1, 1, net.fc_channels, net.fc_channels),
        "fc8": (1, 1, net.fc_channels, net.classes),
    }
    found = {}
    for name, layer in zip(names, published.layers, strict=True):
        shape = expected.get(name, layer.kernel.shape)
        if layer.kernel.shape != shape or layer.bias.shape != shape[-1:]:
            raise InputError(
                f"{where}: {layer.name} has a kernel of {layer.kernel.shape} and {layer.bias.size} biases; "
                f"expected {shape} and {shape[-1]}, of a net with 1/{net.width} of {FC_CHANNELS} channels"
            )
        for kind, value in (("kernel", layer.kernel), ("bias", layer.bias)):
            if not np.isfinite(value).all():
                bad = int(np.count_nonzero(~np.isfinite(value)))
                raise InputError(
                    f"{where}: {layer.name}: {bad} of the {kind}'s {value.size} values are no finite "
                    "numbers; the file is damaged, or its training diverged"
                )
            found[f"{name}_{kind}"] = np.ascontiguousarray(value, np.float32)
    return found


def in_order(layers: Mapping[str, Layer], order: Sequence[str], where: str) -> tuple[Layer, ...]:
    """The layers of these names, all of which must be there, and no other.

    Raises:
        InputError: one is missing, or there is another one.
    """
    missing = [name for name in order if name not in layers]
    if missing:
        raise InputError(
            f"{where}: layer {missing[0]} is missing{_and_more(missing)}; expected a whole net with its "
            "fully connected layers (not one of Keras's `notop` files)"
        )
    others = [name for name in layers if name not in order]
    if others:
        raise InputError(f"{where}: layer {others[0]}{_and_more(others)} is none of this net's")
    return tuple(layers[name] for name in order)


def refuse_batch_normalisation(names: Sequence[str], where: str) -> None:
    """Raises InputError where weights of these names are of such layers: the paper's nets have none."""
    for name in names:
        if any(part in name for part in BATCH_NORMALISATION):
            raise InputError(
                f"{where}: {name} is of batch normalisation, which the paper's nets do not have; expected "
                "weights of a net without it, such as vgg16 in place of vgg16_bn"
            )


def _shapes(architecture: Architecture, width: int) -> Iterator[tuple[int, int, int, int]]:
    inputs = 3
    for layers, channels in zip(architecture.blocks, BLOCK_CHANNELS, strict=True):
        for layer in layers:
            if layer != LRN:
                yield (layer, layer, inputs, channels // width)
                inputs = channels // width


def _in_words(shapes: Sequence[tuple[int, ...]]) -> str:
    return f"of {', '.join(' x '.join(map(str, shape)) for shape in shapes[:3])}, ..."


def _and_more(names: Sequence[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""
