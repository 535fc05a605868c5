"""One training on several machines: which they are, how each learns what to train, what follows a loss."""
