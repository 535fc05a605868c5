"""`vgg report`: what all experiments of a home folder came to."""

from pathlib import Path

import click

from models.quiet_imports import quiet_imports
from pipeline.commands.options import HOME
from pipeline.environment import Environment
from pipeline.report.home import check_home


@click.command()
@HOME
@click.option("--json", "json_", is_flag=True, help="For programs: all figures, nothing else.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page.  [default: HOME/report/index.html]",
)
@click.option("--all-tables", is_flag=True, help="Also the paper's tables of which no row was run.")
def report(home: str | None, json_: bool, out: Path | None, all_tables: bool) -> int:
    """Report on all experiments: a page, JSON, a table.

    Writes HOME/report/: one self-contained page, the same figures as figures.json, and a model card of each
    experiment. Only what was run is reported.
    """
    environment = Environment.of_home(home)
    check_home(environment)
    with quiet_imports():
        from rich.console import Console

        from pipeline.report.terminal import show_report
        from pipeline.report.writer import as_json, write_report

        written = write_report(environment, out.absolute() if out else None)
    if json_:
        click.echo(as_json(written.report), nl=False)
    else:
        console = Console()
        show_report(written.report, console, all_tables=all_tables)
        console.print(f"Report: {written.page}", highlight=False, soft_wrap=True)
    return 0
