"""What `vgg doctor` prints: a line for each finding, and below it what follows and how to mend it."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from pipeline.doctor.findings import Finding, runs

WORKS, LACKS, FAILS = ("ok", "green"), ("--", "yellow"), ("no", "bold red")


def show(found: Sequence[Finding], versions: Sequence[str], console: Console) -> None:
    """Prints the findings, the verdict, and the versions that a bug report needs."""
    width = max(len(each.name) for each in found)
    for each in found:
        _print(console, _line(each, width))
        for words, text in ((each.means, "{}"), (each.mend, "mend: {}")):
            if words:
                _print(console, Text(" " * (width + 6) + text.format(words), style="dim"))
    verdict = "The pipeline can run here." if runs(list(found)) else "The pipeline cannot run here."
    _print(console, Text(f"\n{verdict}\n", style="bold"))
    _print(console, Text("; ".join(versions)))


def _line(each: Finding, width: int) -> Text:
    mark, style = WORKS if each.works else FAILS if each.needed else LACKS
    return Text.assemble((mark, style), f"  {each.name:<{width}}  {each.found}")


def _print(console: Console, text: Text) -> None:
    """Lines are not cut or folded where the output is no terminal: a bug report needs them whole."""
    console.print(text, soft_wrap=not console.is_terminal, highlight=False)
