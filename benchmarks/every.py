"""Every benchmark of speed at a small size, one after another; `make benchmarks` runs it.

    python -m benchmarks.every --out FOLDER

FOLDER gets NAME.json and NAME.txt, the table, of each; `python -m benchmarks.compare` sets two such folders
side by side. At this size the figures say whether something is broken, or much slower than it was; those in
docs/ were measured at the sizes that stand there.
"""

import subprocess
import sys
import time
from pathlib import Path

import click

from benchmarks.machine import machine

SMALL = {
    "commands": "--rounds 1",
    "jpeg_decoding": "--rounds 2",
    "input_pipeline": "--rounds 2 --images 300",
    "starving": "--rounds 1 --batches 2",
    "train_step": "--batch 2 --rounds 2 --precision float32 --only keras --only ours",
    "frozen_layers": "--width 8 --batch 4 --rounds 3",
    "evaluation": "--width 8 --q 256 --rounds 2 --images 1",
    "localisation": "--width 8 --rounds 5",
    "served_boxes": "--width 8 --rounds 5",
    "serving": "--width 8 --q 256 --clients 1,16 --rounds 2",
    "data_check": "--rounds 1",
    "shorter_side": "--images 16 --rounds 1",
    "ingest": "--sizes 50,600 --rounds 1",
    "scale": "--records 1000",
    "pipeline_overhead": "--quick",
}
"""Arguments of each that make it small. What trains nets to compare their errors is not here: initialisation,
table8 and transfer; nor are the mutants."""


@click.command(help=__doc__.partition("\n")[0])
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--only", multiple=True, type=click.Choice(list(SMALL)))
def main(out: Path, only: tuple[str, ...]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    click.echo(machine("tensorflow"))
    begin, failed = time.monotonic(), []
    for name in only or SMALL:
        started = time.monotonic()
        click.echo(f"\n$ python -m benchmarks.{name} {SMALL[name]}")
        command = [sys.executable, "-m", f"benchmarks.{name}", *SMALL[name].split()]
        done = subprocess.run(
            [*command, "--json", str(out / f"{name}.json")], stdout=subprocess.PIPE, text=True, check=False
        )
        click.echo(done.stdout.rstrip())
        (out / f"{name}.txt").write_text(done.stdout, encoding="utf-8")
        click.echo(f"{time.monotonic() - started:.0f} s")
        if done.returncode:
            failed.append(name)
    click.echo(f"\n{(time.monotonic() - begin) / 60:.1f} min; results in {out}")
    if failed:
        raise click.ClickException(f"{', '.join(failed)}: failed; what each printed stands above")


if __name__ == "__main__":
    main()
