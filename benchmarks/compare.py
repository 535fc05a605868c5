"""Two results of benchmarks side by side: JSON files, or folders of them as `make benchmarks` writes.

    python -m benchmarks.compare BEFORE AFTER

Seconds of two machines cannot be compared, nor of one machine on two days; ratios within one run can. So the
ratios come first, and the contenders' own figures only where both ran on the same kind of processor.
"""

import json
from pathlib import Path

import click
from rich.table import Table

from benchmarks.report import show
from benchmarks.rounds import PROCESSOR, WALL, Sample, fastest

EXISTING = click.Path(exists=True, path_type=Path)


@click.command(help=__doc__.partition("\n")[0])
@click.argument("before", type=EXISTING)
@click.argument("after", type=EXISTING)
def main(before: Path, after: Path) -> None:
    one, other = _results(before), _results(after)
    for name in sorted({*one, *other}):
        if name in one and name in other:
            _side_by_side(name, one[name], other[name])
        else:
            click.echo(f"{name}: only in {before if name in one else after}")


def _results(path: Path) -> dict[str, dict]:
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise click.ClickException(
            f"{path}: no results; expected .json files as `make benchmarks` writes them"
        )
    found = {}
    for file in files:
        try:
            result = json.loads(file.read_text(encoding="utf-8"))
            found[result["name"]] = result
        except (ValueError, KeyError, TypeError) as error:
            raise click.ClickException(
                f"{file}: no benchmark's result ({error!r}); expected what --json writes; measure again"
            ) from error
    return found


def _side_by_side(name: str, before: dict, after: dict) -> None:
    click.echo(f"\n{name}")
    for when, result in (("before", before), ("after", after)):
        on = result["machine"]
        loads = " and ".join(f"{value:.1f}" for value in result["load"])
        click.echo(f"  {when}: {on['moment']}, {on['cores']} cores of {on['processor']}, load {loads}")
    if before["settings"] != after["settings"]:
        click.echo(f"  settings differ: {before['settings']} and {after['settings']}")
    show(_ratios(before, after))
    if all(before["machine"][key] == after["machine"][key] for key in ("processor", "cores")):
        show(_contenders(before, after))
    else:
        click.echo("  on another processor: the contenders' own figures are not set side by side")


def _ratios(before: dict, after: dict) -> Table:
    table = _table("ratio", "before", "after", "wanted", "verdict")
    earlier = {(one["what"], one["by"]): one for one in before["comparisons"]}
    for one in after["comparisons"]:
        known = earlier.get((one["what"], one["by"]))
        table.add_row(
            f"{one['what']}, by {one['by']}",
            _range(known) if known else "-",
            _range(one),
            "" if one["wanted"] is None else f"{one['wanted']:g}",
            one["verdict"],
        )
    return table


def _range(one: dict) -> str:
    return f"{one['ratio']:.2f} ({one['low']:.2f} to {one['high']:.2f})"


def _contenders(before: dict, after: dict) -> Table:
    table = _table("contender", "ms before", "after", "processor ms before", "after")
    for name, later in after["contenders"].items():
        if name not in before["contenders"]:
            continue
        pairs = [_samples(before["contenders"][name]), _samples(later)]
        figures = [_ms(samples, by) for by in (WALL, PROCESSOR) for samples in pairs]
        table.add_row(f"{name}, {_article(later['unit'])}", *figures)
    return table


def _ms(samples: list[Sample], by: str) -> str:
    if by == PROCESSOR and any(sample.processor is None for sample in samples):
        return ""
    return f"{1e3 * fastest(samples, by):.4g}"


def _article(unit: str) -> str:
    return f"{'an' if unit[0] in 'aeiou' else 'a'} {unit}"


def _samples(contender: dict) -> list[Sample]:
    return [Sample(**sample) for sample in contender["samples"]]


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(f"  {first}", overflow="fold")
    for name in others:
        table.add_column(name, justify="right")
    return table


if __name__ == "__main__":
    main()
