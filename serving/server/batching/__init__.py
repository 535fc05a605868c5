"""Requests of one shape are computed together, from a queue that is bounded."""
