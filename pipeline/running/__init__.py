"""One run on this machine: checks before it, TFX's local engine, logs, what came of it."""
