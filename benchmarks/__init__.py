"""Measurements that the README quotes; not installed, run from the repository."""
