"""TFX's Trainer of a linear SVM on descriptors: its run_fn writes an exported model like every other.

The net is the base model's, and the SVM's weights are its last layer. Which class is the best of an image at
one Q is what the SVM says; the posteriors are the soft-max of the SVM's scores, which no training has made
probabilities. Over Q and the flip the pipeline averages posteriors, as for every net, and not descriptors.
"""

import json
import os
from dataclasses import asdict

import numpy as np
import tensorflow as tf
from tfx.components.trainer.fn_args_utils import FnArgs

from components import artifact_files
from components.datasets.layouts import Layout, layout_of
from components.ingestion import transform
from components.recipe import TrainerConfig, from_json
from components.training.base_model import body_weights
from components.training.trainer import BASE, CONFIG
from components.transfer.described import Described, read_described
from components.transfer.protocol import svm_figures
from components.transfer.svm import Chosen, last_layer, normalised, train_svm
from models.errors import InputError
from models.initial_weights import take_weights
from models.net import Net
from models.vgg import build
from serving.saved_model.description import describe
from serving.saved_model.export import export
from serving.saved_model.head import Head

FIGURES = "svm.json"


def run_fn(arguments: FnArgs) -> None:
    """Trains and exports; prints and writes the SVM's own figures, beside the model, as FIGURES.

    Args:
        arguments: TFX's, with a TrainerConfig as JSON under custom_config["config"], and under
            custom_config["init_from"] the folder of the model that the descriptors are of. Its examples are
            descriptors (components.transfer.described), an artifact for each Q.

    Raises:
        InputError: the net is not that model's, or the descriptors cannot be used.
    """
    config = from_json(TrainerConfig, arguments.custom_config[CONFIG])
    base = arguments.custom_config[BASE]
    _check_net(config.net, base)
    train, held_out = (
        _read(files, config.net.classes) for files in (arguments.train_files, arguments.eval_files)
    )
    several = train.several_labels or held_out.several_labels
    weights, chosen, images = net_with_svm(base, train, config.training.seed, several_labels=several)
    figures = svm_figures(chosen, held_out, several)
    for line in _lines(chosen, figures, images):
        print(line, flush=True)
    model = build(config.net)
    take_weights(model, weights)
    export(model, config.net, _head(arguments, config.net.classes, base), arguments.serving_model_dir)
    _write(os.path.join(arguments.model_run_dir, FIGURES), chosen, figures)


def net_with_svm(
    base: str, train: Described, seed: int, *, several_labels: bool
) -> tuple[dict[str, np.ndarray], Chosen, int]:
    """The weights of the base model's net with an SVM as its last layer, by layer and kind; the SVM; and how
    many images it is trained on, which are those that decode.

    Args:
        base: folder of the exported model that the descriptors are of.
        train: descriptors.
        seed, several_labels: see components.transfer.svm.train_svm.

    Raises:
        InputError: train_svm's.
    """
    used = train.decodes & train.has.any(axis=1)
    features = train.features[used]
    chosen = train_svm(
        normalised(features), train.has[used], train.known[used], seed, several_labels=several_labels
    )
    last = last_layer(chosen.weights, np.linalg.norm(features, axis=1))
    return {**body_weights(base), **last}, chosen, int(used.sum())


def _check_net(net: Net, base: str) -> None:
    has = describe(base)[0]
    if (has.configuration, has.width, has.input_size) != (net.configuration, net.width, net.input_size):
        raise InputError(
            f"trained_layers = svm: net {net.configuration}/{net.width} of crop {net.input_size}, and model "
            f"{base} is {has.configuration}/{has.width} of {has.input_size}; expected its own net; base the "
            "experiment on `transfer`, which takes that"
        )


def _read(patterns: list[str], classes: int) -> Described:
    return read_described([tf.io.gfile.glob(pattern) for pattern in patterns], classes)


def _lines(chosen: Chosen, figures: dict, images: int) -> list[str]:
    how = "there are too few images to choose it on"
    if chosen.by_constant:
        each = ", ".join(f"{constant:g}: {value:.1%}" for constant, value in chosen.by_constant.items())
        how = f"chosen on {chosen.held_out} of {images} images ({each})"
    return [f"SVM's constant {chosen.constant:g}: {how}", *(f"{name} {one}" for name, one in figures.items())]


def _head(arguments: FnArgs, classes: int, base: str) -> Head:
    own, graph = describe(base)[1], arguments.transform_graph_path
    layout = _layout(arguments.schema_path)
    return Head(
        mean_rgb=own.mean_rgb,  # that the layers were trained on
        class_names=transform.class_names(graph, classes),
        shorter_sides=own.shorter_sides,  # the Exporter writes the experiment's
        flip=own.flip,
        image_key=layout.image,
        label_key=layout.label,
        first_label=layout.first_label,
        synsets=transform.synsets(graph, classes),
    )


def _layout(schema_path: str) -> Layout:
    schema = artifact_files.read_schema(os.path.dirname(schema_path))
    return layout_of({feature.name for feature in schema.feature}, "schema")


def _write(path: str, chosen: Chosen, figures: dict) -> None:
    content = {
        "constant": chosen.constant,
        "held_out": chosen.held_out,
        "by_constant": chosen.by_constant,
        "figures": {name: asdict(value) for name, value in figures.items()},
    }
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "w") as file:
        json.dump(content, file, indent=1)
