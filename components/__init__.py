"""What the TFX components run: data layouts, Transform, training, metrics."""
