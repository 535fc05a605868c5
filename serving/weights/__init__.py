"""Published weights: files of Keras and of PyTorch's world, read and written."""
