"""Tables 8 to 10 of the paper (appendix A): localisation errors on ILSVRC, in per cent."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LocalisationRow:
    """One setting, or one system.

    Attributes:
        setting: in the paper's words.
        error: on the validation images, in per cent; None where its authors gave none.
        test: on the test images, or None.
        experiment: the experiment that it is; "" for another author's system.
    """

    setting: str
    error: float | None
    test: float | None = None
    experiment: str = ""


TABLE_8 = (
    LocalisationRow("SCR, first two FC layers", 36.4, experiment="loc-D-384-scr-fc"),
    LocalisationRow("PCR, first two FC layers", 34.3, experiment="loc-D-384-pcr-fc"),
    LocalisationRow("PCR, all layers", 33.1, experiment="loc-D-384"),
)
"""Test 1: the true class's box from the central crop, S = 384."""

TABLE_9 = (
    LocalisationRow("S 256, Q 256", 29.5, experiment="loc-D-256"),
    LocalisationRow("S 384, Q 384", 28.2, 26.7, "loc-D-384"),
    LocalisationRow("S 384, Q 352, 384", 27.5, experiment="loc-D-384-multiscale"),
    LocalisationRow("S 256, Q 256 and S 384, Q 352, 384", 26.9, 25.3, "loc-D-merged"),
)
"""Test 2: one of the five best classes and its box."""

TABLE_10 = (
    LocalisationRow("VGG", 26.9, 25.3, "loc-D-merged"),
    LocalisationRow("GoogLeNet (Szegedy et al., 2014)", None, 26.7),
    LocalisationRow("OverFeat (Sermanet et al., 2014)", 30.0, 29.9),
    LocalisationRow("Krizhevsky et al. (2012)", None, 34.2),
)
"""Test 2, of several systems."""
