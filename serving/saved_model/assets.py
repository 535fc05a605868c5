"""Class names and WordNet ids as files of the SavedModel, for tools that do not run it.

One line for each class, in the order of `probabilities`; UTF-8. The names are those of `top_classes`:
with the synset where several classes are called the same.
"""

import os
from collections.abc import Sequence

import tensorflow as tf

from serving.saved_model.head import Head

CLASS_NAMES, SYNSETS = "class_names.txt", "synsets.txt"


def write_assets(head: Head, folder: str) -> list[tf.saved_model.Asset]:
    """Writes the files into `folder` for tf.saved_model.save to copy; synsets only where one is known."""
    files = {CLASS_NAMES: head.unique_names}
    if any(head.synsets):
        files[SYNSETS] = head.synsets
    return [_asset(os.path.join(folder, name), lines) for name, lines in files.items()]


def _asset(path: str, lines: Sequence[str]) -> tf.saved_model.Asset:
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(" ".join(line.splitlines()) + "\n" for line in lines)
    return tf.saved_model.Asset(path)
