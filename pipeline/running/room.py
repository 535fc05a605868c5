"""How many components run side by side, and which GPUs each of them sees."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

VISIBLE = "CUDA_VISIBLE_DEVICES"
CORES_EACH, BYTES_EACH = 4, 8 * 2**30
"""What a component is counted for: TensorFlow's operations use all cores by themselves, so side by side gains
where Python's part is waited for. Net D's Scorer takes 4 GiB at Q = 384."""


@dataclass(frozen=True)
class Share:
    """What one component has while it runs.

    Attributes:
        gpus: names of GPUs as CUDA_VISIBLE_DEVICES has them.
        all_gpus: whether these are all there are, so that the variable need not say it.
        places: how many of the room's it takes.
    """

    gpus: tuple[str, ...]
    all_gpus: bool
    places: int

    @property
    def variables(self) -> dict[str, str]:
        """Of the component's process."""
        return {} if self.all_gpus else {VISIBLE: ",".join(self.gpus)}


class Room:
    """Takes in components as long as there is room. TensorFlow takes a GPU's whole memory, so no two
    components see the same one.

    Attributes:
        side_by_side: most components at a time.
    """

    def __init__(self, side_by_side: int, gpus: Sequence[str] = (), *, trainings_alone: bool = False):
        """`trainings_alone`: nothing runs beside a training, which uses all cores, and memory that nobody
        has told. On GPUs it is so anyway: it has them all."""
        self.side_by_side, self._trainings_alone = side_by_side, trainings_alone
        self._gpus, self._free, self._taken = tuple(gpus), list(gpus), 0

    def take(self, *, training: bool) -> Share | None:
        """A share for one more, or None. Of GPUs it is one, for a training each of them."""
        wanted = len(self._gpus) if training else min(1, len(self._gpus))
        places = self.side_by_side if training and self._trainings_alone else 1
        if self._taken + places > self.side_by_side or len(self._free) < wanted:
            return None
        self._taken += places
        own, self._free = self._free[:wanted], self._free[wanted:]
        return Share(tuple(own), len(own) == len(self._gpus), places)

    def give_back(self, share: Share) -> None:
        """After its component has ended."""
        self._taken -= share.places
        self._free = [gpu for gpu in self._gpus if gpu in {*self._free, *share.gpus}]

    def is_full_with(self, share: Share) -> bool:
        """Whether nothing runs beside the component that has it."""
        return share.places == self.side_by_side or bool(self._gpus and share.all_gpus)


def gpus_here(count: int, variables: Mapping[str, str] = os.environ) -> list[str]:
    """Names of the `count` GPUs that TensorFlow sees."""
    named = [name.strip() for name in variables.get(VISIBLE, "").split(",") if name.strip()]
    return named[:count] or [str(number) for number in range(count)]


def side_by_side_here(gpus: int, cores: int, memory: int) -> int:
    """How many components at a time unless the user says it, on a machine with so many GPUs, cores and bytes
    of memory."""
    return gpus or max(1, min(cores // CORES_EACH, memory // BYTES_EACH))
