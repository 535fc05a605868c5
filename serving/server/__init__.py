"""`vgg serve`: TensorFlow Serving's gRPC and REST protocols where no tensorflow_model_server is installed."""
