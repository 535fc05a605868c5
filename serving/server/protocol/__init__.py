"""TensorFlow Serving's services: Predict, Classify, metadata, status, reload, over gRPC and REST."""
