"""Tables 3 and 4 of the paper: top-1 and top-5 errors on ILSVRC-2012 validation, in per cent."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One net, trained with S and tested at Q by dense evaluation.

    Attributes:
        net: the configuration's letter.
        smallest, largest: S in pixels, equal for a single scale.
        shorter_sides: the Q, averaged over where there are several.
        top1, top5: errors in per cent.
    """

    net: str
    smallest: int
    largest: int
    shorter_sides: tuple[int, ...]
    top1: float
    top5: float

    @property
    def weights(self) -> str:
        """Name of the trained net, such as D-256 or D-256-512: rows that differ in Q share it."""
        scale = str(self.smallest) if self.smallest == self.largest else f"{self.smallest}-{self.largest}"
        return f"{self.net}-{scale}"


TABLE_3 = (
    Row("A", 256, 256, (256,), 29.6, 10.4),
    Row("A-LRN", 256, 256, (256,), 29.7, 10.5),
    Row("B", 256, 256, (256,), 28.7, 9.9),
    Row("C", 256, 256, (256,), 28.1, 9.4),
    Row("C", 384, 384, (384,), 28.1, 9.3),
    Row("C", 256, 512, (384,), 27.3, 8.8),
    Row("D", 256, 256, (256,), 27.0, 8.8),
    Row("D", 384, 384, (384,), 26.8, 8.7),
    Row("D", 256, 512, (384,), 25.6, 8.1),
    Row("E", 256, 256, (256,), 27.3, 9.0),
    Row("E", 384, 384, (384,), 26.9, 8.7),
    Row("E", 256, 512, (384,), 25.5, 8.0),
)
TABLE_4 = (
    Row("B", 256, 256, (224, 256, 288), 28.2, 9.6),
    Row("C", 256, 256, (224, 256, 288), 27.7, 9.2),
    Row("C", 384, 384, (352, 384, 416), 27.8, 9.2),
    Row("C", 256, 512, (256, 384, 512), 26.3, 8.2),
    Row("D", 256, 256, (224, 256, 288), 26.6, 8.6),
    Row("D", 384, 384, (352, 384, 416), 26.5, 8.6),
    Row("D", 256, 512, (256, 384, 512), 24.8, 7.5),
    Row("E", 256, 256, (224, 256, 288), 26.9, 8.7),
    Row("E", 384, 384, (352, 384, 416), 26.7, 8.6),
    Row("E", 256, 512, (256, 384, 512), 24.8, 7.5),
)
