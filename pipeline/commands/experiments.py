"""`vgg experiments`: the values that VGG_EXPERIMENT can have."""

import click


@click.command("experiments")
def experiments() -> int:
    """List the experiments with the paper's errors."""
    from pipeline.experiments.experiment_table import show_experiments

    show_experiments()
    return 0
