"""Section 3.1: crops, the step of SGD, the learning rate, checkpoints; TFX's Trainer around them."""
