"""Tables 3 to 7 of the paper: top-1 and top-5 errors on ILSVRC-2012 validation, in per cent.

Each row of Tables 3 to 6 is an experiment. Table 7 compares three of them with the systems of other authors,
which cannot be run here.
"""

from dataclasses import dataclass

from models.protocols import Protocol


@dataclass(frozen=True)
class Row:
    """One net, trained with S and tested at Q.

    Attributes:
        table: its number in the paper.
        net: the configuration's letter.
        smallest, largest: S in pixels, equal for a single scale.
        shorter_sides: the Q, averaged over where there are several.
        top1, top5: errors in per cent.
        protocol: how it was tested.
    """

    table: int
    net: str
    smallest: int
    largest: int
    shorter_sides: tuple[int, ...]
    top1: float
    top5: float
    protocol: Protocol = Protocol.DENSE

    @property
    def weights(self) -> str:
        """Name of the trained net, such as D-256 or D-256-512: rows that differ in Q share it."""
        scale = str(self.smallest) if self.smallest == self.largest else f"{self.smallest}-{self.largest}"
        return f"{self.net}-{scale}"

    @property
    def experiment(self) -> str:
        """Name of its experiment. Table 5's dense rows are rows of Table 4."""
        if self.protocol is not Protocol.DENSE:
            return f"{self.weights}-{self.protocol.value}"
        return self.weights + ("-multiscale" if len(self.shorter_sides) > 1 else "")


@dataclass(frozen=True)
class FusionRow:
    """Several nets whose posteriors are averaged (section 4.4).

    Attributes:
        table: its number in the paper.
        name: what the paper calls it.
        members: experiments whose posteriors are averaged.
        protocol: how each was tested.
        top1, top5: errors in per cent.
    """

    table: int
    name: str
    members: tuple[str, ...]
    protocol: Protocol
    top1: float
    top5: float

    @property
    def experiment(self) -> str:
        """The name of the experiment that this fusion is."""
        nets = "7" if len(self.members) == 7 else "D-E"
        return f"fusion-{nets}-{self.protocol.value}"


@dataclass(frozen=True)
class SystemRow:
    """A system of Table 7, which compares with the state of the art.

    Attributes:
        method: what the paper calls it.
        top1, top5: errors on the validation images, in per cent; None where its authors gave none.
        top5_test: error on the test images, in per cent, or None.
        experiment: the experiment that it is; "" for another author's system.
    """

    method: str
    top1: float | None
    top5: float | None
    top5_test: float | None
    experiment: str = ""


def _jittered(net: str, protocol: Protocol, top1: float, top5: float) -> Row:
    """A row of Table 5: S from [256; 512], Q = 256, 384, 512."""
    return Row(5, net, 256, 512, (256, 384, 512), top1, top5, protocol)


TABLE_3 = (
    Row(3, "A", 256, 256, (256,), 29.6, 10.4),
    Row(3, "A-LRN", 256, 256, (256,), 29.7, 10.5),
    Row(3, "B", 256, 256, (256,), 28.7, 9.9),
    Row(3, "C", 256, 256, (256,), 28.1, 9.4),
    Row(3, "C", 384, 384, (384,), 28.1, 9.3),
    Row(3, "C", 256, 512, (384,), 27.3, 8.8),
    Row(3, "D", 256, 256, (256,), 27.0, 8.8),
    Row(3, "D", 384, 384, (384,), 26.8, 8.7),
    Row(3, "D", 256, 512, (384,), 25.6, 8.1),
    Row(3, "E", 256, 256, (256,), 27.3, 9.0),
    Row(3, "E", 384, 384, (384,), 26.9, 8.7),
    Row(3, "E", 256, 512, (384,), 25.5, 8.0),
)
TABLE_4 = (
    Row(4, "B", 256, 256, (224, 256, 288), 28.2, 9.6),
    Row(4, "C", 256, 256, (224, 256, 288), 27.7, 9.2),
    Row(4, "C", 384, 384, (352, 384, 416), 27.8, 9.2),
    Row(4, "C", 256, 512, (256, 384, 512), 26.3, 8.2),
    Row(4, "D", 256, 256, (224, 256, 288), 26.6, 8.6),
    Row(4, "D", 384, 384, (352, 384, 416), 26.5, 8.6),
    Row(4, "D", 256, 512, (256, 384, 512), 24.8, 7.5),
    Row(4, "E", 256, 256, (224, 256, 288), 26.9, 8.7),
    Row(4, "E", 384, 384, (352, 384, 416), 26.7, 8.6),
    Row(4, "E", 256, 512, (256, 384, 512), 24.8, 7.5),
)
TABLE_5 = (
    _jittered("D", Protocol.DENSE, 24.8, 7.5),
    _jittered("D", Protocol.MULTI_CROP, 24.6, 7.5),
    _jittered("D", Protocol.MULTI_CROP_DENSE, 24.4, 7.2),
    _jittered("E", Protocol.DENSE, 24.8, 7.5),
    _jittered("E", Protocol.MULTI_CROP, 24.6, 7.4),
    _jittered("E", Protocol.MULTI_CROP_DENSE, 24.4, 7.1),
)
_SUBMISSION = (
    "D-256-multiscale",
    "D-384-multiscale",
    "D-256-512-multiscale",
    "C-256-multiscale",
    "C-384-multiscale",
    "E-256-multiscale",
    "E-384-multiscale",
)
_JITTERED = ("D-256-512", "E-256-512")
TABLE_6 = (
    FusionRow(6, "ILSVRC submission", _SUBMISSION, Protocol.DENSE, 24.7, 7.5),
    FusionRow(6, "post-submission", tuple(f"{n}-multiscale" for n in _JITTERED), Protocol.DENSE, 24.0, 7.1),
    FusionRow(
        6, "post-submission", tuple(f"{n}-multi-crop" for n in _JITTERED), Protocol.MULTI_CROP, 23.9, 7.2
    ),
    FusionRow(
        6,
        "post-submission",
        tuple(f"{n}-multi-crop-dense" for n in _JITTERED),
        Protocol.MULTI_CROP_DENSE,
        23.7,
        6.8,
    ),
)
TABLE_7 = (
    SystemRow("VGG (2 nets, multi-crop & dense eval.)", 23.7, 6.8, 6.8, "fusion-D-E-multi-crop-dense"),
    SystemRow("VGG (1 net, multi-crop & dense eval.)", 24.4, 7.1, 7.0, "E-256-512-multi-crop-dense"),
    SystemRow("VGG (ILSVRC submission, 7 nets, dense eval.)", 24.7, 7.5, 7.3, "fusion-7-dense"),
    SystemRow("GoogLeNet (1 net)", None, 7.9, None),
    SystemRow("GoogLeNet (7 nets)", None, 6.7, None),
    SystemRow("MSRA (11 nets)", None, None, 8.1),
    SystemRow("MSRA (1 net)", 27.9, 9.1, 9.1),
    SystemRow("Clarifai (multiple nets)", None, None, 11.7),
    SystemRow("Clarifai (1 net)", None, None, 12.5),
    SystemRow("Zeiler & Fergus (6 nets)", 36.0, 14.7, 14.8),
    SystemRow("Zeiler & Fergus (1 net)", 37.5, 16.0, 16.1),
    SystemRow("OverFeat (7 nets)", 34.0, 13.2, 13.6),
    SystemRow("OverFeat (1 net)", 35.7, 14.2, None),
    SystemRow("Krizhevsky et al. (5 nets)", 38.1, 16.4, 16.4),
    SystemRow("Krizhevsky et al. (1 net)", 40.7, 18.2, None),
)
