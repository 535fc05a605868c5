"""gRPC and HTTP: bytes, limits, tokens and TLS; nothing about models."""
