"""Continuous training: each new generation of data is trained on, compared, pushed or not."""
