"""How many examples TFX hands to its components at once."""

from absl import flags


def bound_batches() -> None:
    """Has Beam cut the examples into batches of 20 MiB of encoded photographs. By itself it grows them to
    1000 examples, which for photographs of a camera is gigabytes.
    """
    flags.FLAGS(["vgg", "--tfxio_use_byte_size_batching"], known_only=True)
