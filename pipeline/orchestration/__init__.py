"""Engines other than this machine: Vertex AI and Kubeflow Pipelines."""
