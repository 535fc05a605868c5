"""`vgg nets`: Table 1's configurations."""

import click


@click.command("nets")
@click.option("--json", "json_", is_flag=True, help="For programs: plain numbers.")
def nets(json_: bool) -> int:
    """List the six configurations and what each costs."""
    from pipeline.nets.net_table import as_json, show_nets

    if json_:
        click.echo(as_json())
    else:
        show_nets()
    return 0
