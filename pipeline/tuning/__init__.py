"""`vgg tune`: which fields, a pipeline that ends in TFX's Tuner, and the best values as an experiment."""
