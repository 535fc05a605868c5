"""Learning curves of a Trainer, from TensorBoard's logs (components.training.tensorboard)."""

from dataclasses import dataclass

import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SCALARS = {
    "train/loss": "train_loss",
    "train/top1_error": "train_top1",
    "train/top5_error": "train_top5",
    "validation/loss": "validation_loss",
    "validation/top1_error": "validation_top1",
    "validation/top5_error": "validation_top5",
    "learning_rate": "rate",
    "images_per_second": "speed",
}


@dataclass(frozen=True)
class Epoch:
    """After one epoch.

    Attributes:
        number: from 1.
        step: batches since training began.
        train_loss, validation_loss: nats.
        train_top1, train_top5, validation_top1, validation_top5: shares of crops in error, 0..1.
        rate: learning rate of the epoch.
        speed: images/s since training began or went on, reading and validation included.
    """

    number: int
    step: int
    train_loss: float
    train_top1: float
    train_top5: float
    validation_loss: float
    validation_top1: float
    validation_top5: float
    rate: float
    speed: float


@dataclass(frozen=True)
class Drop:
    """The learning rate changed after an epoch."""

    after_epoch: int
    rate_before: float
    rate: float


def read_epochs(logs: str) -> tuple[Epoch, ...]:
    """Of a folder of event files; empty where there is none. An epoch that was written twice, because a kill
    came before its checkpoint, counts as it was written last.
    """
    if not tf.io.gfile.isdir(logs):
        return ()
    events = EventAccumulator(logs, size_guidance={"tensors": 0, "images": 1}).Reload()
    present = set(events.Tags()["tensors"])
    if not set(SCALARS) <= present:
        return ()
    values = {name: _by_step(events, tag) for tag, name in SCALARS.items()}
    steps = sorted(set.intersection(*(set(found) for found in values.values())))
    return tuple(
        Epoch(number, step, **{name: found[step] for name, found in values.items()})
        for number, step in enumerate(steps, start=1)
    )


def drops(epochs: tuple[Epoch, ...]) -> tuple[Drop, ...]:
    """Where the learning rate changed."""
    return tuple(
        Drop(before.number, before.rate, after.rate)
        for before, after in zip(epochs, epochs[1:])  # noqa: B905
        if before.rate != after.rate
    )


def _by_step(events: EventAccumulator, tag: str) -> dict[int, float]:
    return {event.step: float(tf.make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)}
