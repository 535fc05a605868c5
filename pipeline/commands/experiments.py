"""`vgg experiments`: the values that VGG_EXPERIMENT can have."""

import click


@click.group("experiments", invoke_without_command=True)
@click.pass_context
def experiments(context: click.Context) -> None:
    """List the experiments with the paper's errors, or show one."""
    if context.invoked_subcommand is None:
        from pipeline.experiments.experiment_table import show_experiments

        show_experiments()


@experiments.command()
@click.argument("name")
def show(name: str) -> None:
    """Print the experiment NAME as a file that `vgg run --experiment FILE` reads.

    Leave out what does not differ: the base experiment has it.
    """
    from pipeline.experiments.catalogue import experiment
    from pipeline.experiments.experiment_file import to_toml

    click.echo(to_toml(experiment(name)), nl=False)
