"""Small experiments: the demo, photographs of flowers, the paper's chain in miniature, a trial of ImageNet.

On two cores without a GPU; each command prints the figures named here. The demo's are of 2026-11-25, the
others of 2026-11-21.

demo: `make demo`. 2 to 6 minutes; top-1 error 0.7, 2.0 and 2.0 % at Q = 64, 72 and 80, averaged 1.0 %.
flowers: `VGG_DATA=FLOWERS VGG_EXPERIMENT=flowers tfx run create --pipeline vgg`. 27 minutes; 32.5 % averaged.
small-D-64-128: `VGG_EXPERIMENT=small-D-64-128 tfx run create --pipeline vgg` on the demo's data. Four nets in
    3 minutes; 8.3, 4.7 and 38.7 % at Q = 64, 96 and 128, averaged 1.3 %.
imagenet-smoke: `VGG_DATA=DATA VGG_EXPERIMENT=imagenet-smoke tfx run create --pipeline vgg`. 2 1/2 minutes for
    250 photographs, 5.6 GiB of memory; 99.6 %, as after three steps it must be.
"""

from components.recipe import TOP1_ERROR, Evaluation, Threshold, TrainedLayers, TrainerConfig, Training
from models.net import Net
from pipeline.experiments.experiment import Experiment


def _small(name: str, net: str, sides: tuple[int, int], base: str | None) -> Experiment:
    """One stage of the paper's chain at 1/8 width and a quarter of its S, for `vgg data sample`."""
    first = base is None or base.startswith("small-A")
    training = Training(
        smallest_side=sides[0],
        largest_side=sides[1],
        most_epochs=12 if first else 3,
        patience=3,
        batch=16,
        learning_rate=2.5e-3 if first else 2.5e-4,
    )
    return Experiment(
        name=name,
        summary="the paper's chain in miniature (`vgg data sample`)",
        config=TrainerConfig(net=Net(net, classes=10, width=8, input_size=64), training=training),
        evaluation=Evaluation(shorter_sides=tuple(sorted({sides[0], training.middle_side, sides[1]}))),
        weights=name,
        starts_from=base,
    )


CHAIN_IN_MINIATURE = (
    _small("small-A-64", "A", (64, 64), None),
    _small("small-D-64", "D", (64, 64), "small-A-64"),
    _small("small-D-96", "D", (96, 96), "small-D-64"),
    _small("small-D-64-128", "D", (64, 128), "small-D-96"),
)

DEMO = Experiment(
    name="demo",
    summary="ten generated shapes (`vgg data sample`), minutes on two cores",
    config=TrainerConfig(
        net=Net("A", classes=10, width=8, input_size=64),
        training=Training(
            smallest_side=64,
            largest_side=80,
            most_epochs=15,
            drops=(11, 14),
            # Higher rates have diverged here, and larger batches stay on the plateau longer.
            batch=16,
            learning_rate=2.5e-3,
        ),
    ),
    evaluation=Evaluation((64, 72, 80), thresholds=(Threshold(TOP1_ERROR, most=0.15),)),
    weights="demo",
)

FLOWERS = Experiment(
    name="flowers",
    summary="five kinds of flowers in folders of photographs, half an hour on two cores",
    config=TrainerConfig(
        net=Net("A", classes=5, width=8, input_size=128),
        training=Training(
            smallest_side=128,
            largest_side=256,
            most_epochs=200,
            drops=(130, 180),
            batch=16,
            learning_rate=2.5e-3,
            colour_shift=False,
        ),
    ),
    evaluation=Evaluation((144, 176, 208), thresholds=(Threshold(TOP1_ERROR, most=0.40),)),
    weights="flowers",
)

IMAGENET_SMOKE = Experiment(
    name="imagenet-smoke",
    summary="full-width net A, three steps of batch 8: does this machine carry it?",
    config=TrainerConfig(net=Net("A"), training=Training(batch=8, most_steps=3)),
    evaluation=Evaluation(shorter_sides=(256,)),
    weights="imagenet-smoke",
)

FINETUNE = Experiment(
    name="finetune",
    summary="a trained or imported net (VGG_INIT_FROM) learns the classes of your data",
    config=TrainerConfig(
        net=Net("D"),
        training=Training(
            smallest_side=256,
            largest_side=512,
            batch=8,
            most_epochs=60,
            drops=(40, 55),
            learning_rate=1e-3,
            last_layer_rate=10.0,
            new_last_layer=True,
        ),
    ),
    evaluation=Evaluation(shorter_sides=(256, 384, 512)),
    weights="finetune",
    net_of_base=True,
)

TRANSFER = Experiment(
    name="transfer",
    summary="a linear SVM on descriptors of a trained or imported net (VGG_INIT_FROM), for your classes",
    config=TrainerConfig(
        net=Net("D"),
        training=Training(
            smallest_side=256,
            largest_side=512,
            new_last_layer=True,
            trained_layers=TrainedLayers.SVM,
        ),
    ),
    evaluation=Evaluation(shorter_sides=(256, 384, 512)),
    weights="transfer",
    net_of_base=True,
)

SMALL = (DEMO, FLOWERS, FINETUNE, TRANSFER, *CHAIN_IN_MINIATURE, IMAGENET_SMOKE)
