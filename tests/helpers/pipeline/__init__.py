"""Homes, reports and browsers for the tests of the pipeline."""
