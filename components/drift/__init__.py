"""Drift: whether what a served model is asked looks like what it was trained on."""
