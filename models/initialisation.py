"""Random weights (section 3.1): the paper's normal distribution, and Glorot's as in its footnote."""

import enum
import math

import keras


class Initialisation(str, enum.Enum):
    """How a weight layer's kernel is drawn; biases start at 0.

    PAPER: normal, mean 0, variance 1e-2, so standard deviation 0.1 (many ports use 0.01).
    GLOROT: "the random initialisation procedure of Glorot & Bengio (2010)", which needs no net A first.
    HE: not the paper's (He et al. came two months later): what ReLU nets this deep are started with today.
    """

    PAPER = "paper"
    GLOROT = "glorot"
    HE = "he"

    def kernel_initializer(self, seed: int) -> keras.initializers.Initializer:
        """A seeded Keras initializer for one layer."""
        if self is Initialisation.PAPER:
            return keras.initializers.RandomNormal(mean=0.0, stddev=math.sqrt(1e-2), seed=seed)
        if self is Initialisation.GLOROT:
            return keras.initializers.GlorotUniform(seed=seed)
        return keras.initializers.HeNormal(seed=seed)
