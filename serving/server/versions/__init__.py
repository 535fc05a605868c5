"""The models that are served: which versions exist, their loading, swapping and unloading."""
