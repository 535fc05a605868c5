"""Trials of an experiment with other values of some of its fields, by TFX's Tuner."""
