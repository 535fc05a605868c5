"""From a trained net to the model that a server loads: exported, tried out, pushed."""
