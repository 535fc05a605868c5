"""Experiments, environment, wiring, runners and commands."""
