"""The commands: one module for each of `vgg`'s, and `tfx`.

A command answers at once where nothing is computed. So the head of its module imports click, the standard
library and what describes; what computes is imported in the command's function, after the checks of its
arguments that cost nothing. tests/pipeline/commands/test_starting.py holds it.
"""
