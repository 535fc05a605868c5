"""What `vgg nets` prints: the six configurations and what each costs."""

import json

from rich.console import Console
from rich.table import Table

from models.architectures import ARCHITECTURES
from models.net import Net
from pipeline.nets.network_cost import Cost, cost


def costs() -> dict[str, Cost]:
    """By the paper's letters, at full width with 1000 classes and crops of 224."""
    return {name: cost(Net(name)) for name in ARCHITECTURES}


def as_json() -> str:
    """An object for each configuration; plain numbers: operations, pixels, bytes."""
    return json.dumps(
        {
            name: {
                "weight_layers": net.weight_layers,
                "parameters": net.parameters,
                "forward_flop": net.forward_flop,
                "receptive_field": net.receptive_field,
                "weight_bytes": net.weight_bytes,
            }
            for name, net in costs().items()
        },
        indent=2,
    )


def show_nets(console: Console | None = None) -> None:
    """A row for each configuration."""
    table = Table(box=None, pad_edge=False)
    for name in ("net", "weight layers", "parameters", "GFLOP forward", "receptive field", "weights"):
        table.add_column(name, justify="left" if name == "net" else "right")
    for name, net in costs().items():
        table.add_row(
            name,
            str(net.weight_layers),
            f"{net.parameters:,}",
            f"{net.forward_flop / 1e9:.1f}",
            f"{net.receptive_field} px",
            f"{net.weight_bytes / 1e6:.0f} MB",
        )
    console = console or Console()
    console.print(table, highlight=False)
    console.print(
        "One 224 x 224 image, 1000 classes, float32; the receptive field is the last convolution's.",
        highlight=False,
    )
