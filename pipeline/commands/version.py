"""`vgg --version`: what a bug report needs to say. Nothing is imported for it: what is installed says it."""

import importlib.metadata
import os
import platform

import click

OURS = "vgg-pipeline"
# What the pipeline is built on, and the packages whose versions have to fit those.
PACKAGES = (
    "tensorflow",
    "keras",
    "tf-keras",
    "tfx",
    "tfx-bsl",
    "tensorflow-model-analysis",
    "tensorflow-transform",
    "tensorflow-data-validation",
    "ml-metadata",
    "apache-beam",
    "tensorflow-serving-api",
    "numpy",
    "protobuf",
    "grpcio",
)


def version_lines() -> list[str]:
    """Ours, Python's, the packages' and the platform's versions, a line each; a package may be missing."""
    libc = " ".join(platform.libc_ver()) or "unknown C library"
    return [
        f"vgg {_version(OURS)}",
        f"Python {platform.python_version()}",
        *(f"{name} {_version(name)}" for name in PACKAGES),
        f"{libc}, {platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} processors",
    ]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "is not installed"


def _show(context: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        click.echo("\n".join(version_lines()))
        context.exit()


VERSION = click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show,
    help="Versions of this program and of what it is built on, for bug reports.",
)
