"""Answered requests, sampled and written to files as TensorFlow Serving's PredictionLogs."""
