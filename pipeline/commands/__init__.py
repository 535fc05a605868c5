"""The commands: one module for each of `vgg`'s, and `tfx`."""
