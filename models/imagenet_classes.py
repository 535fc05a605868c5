"""The 1000 classes of ILSVRC-2012 in the order of their WordNet ids, which published nets' outputs have."""

from pathlib import Path

FILE = Path(__file__).with_name("imagenet_classes.tsv")
"""Lines SYNSET<TAB>NAME. Two names stand for two classes each: crane and maillot."""


def imagenet_classes() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Synsets and names, 1000 of each, by label."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    synsets, names = zip(*(line.split("\t") for line in lines), strict=True)
    return synsets, names
