"""A stand-in for Google Cloud Storage."""
