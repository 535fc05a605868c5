"""Which files of weights are read and written, told by how their names end."""

KERAS = (".h5", ".hdf5", ".keras")
TORCH = (".safetensors", ".pth", ".pt")
WRITTEN = {"keras": ".h5", "safetensors": ".safetensors"}
"""What `vgg weights export --format` can be, and how such a file's name ends."""
