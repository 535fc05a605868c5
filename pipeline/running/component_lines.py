"""A line on the terminal for each component, and what it prints itself."""

from rich.console import Console


class ComponentLines:
    """Name and time of each component, or that the cache answered. Several threads may call it at a time."""

    def __init__(self, console: Console):
        self._console = console
        self._running: dict[str, str] = {}

    def began(self, node: str) -> None:
        """A component runs."""
        self._running[node] = "..."
        self._show_running()

    def told(self, node: str, what: str) -> None:
        """What a component that runs is at, for a moment."""
        self._running[node] = f"... {what.lower()}"
        self._show_running()

    def said(self, node: str, line: str) -> None:
        """A line of a component's, beside which others run."""
        if line.strip():
            self._print(f"  {node}: {line.strip()}")

    def say(self, line: str) -> None:
        """A line that is no component's."""
        self._print(f"  {line}")

    def finished(self, node: str, seconds: float, *, cached: bool) -> None:
        """A component has run."""
        how = "cached" if cached else f"{seconds:.1f} s"
        self._running.pop(node, None)
        self._print(f"  {node:<20} {how:>8}")

    def failed(self, node: str) -> None:
        """A component runs no more."""
        self._running.pop(node, None)

    def _print(self, line: str) -> None:
        self._clear()
        self._console.print(line, highlight=False, soft_wrap=True)
        self._show_running()

    def _show_running(self) -> None:
        if not self._console.is_terminal or not self._running:
            return
        self._clear()
        line = "  " + ", ".join(f"{node} {what}" for node, what in list(self._running.items()))
        self._console.print(line[: self._console.width - 1], end="\r", highlight=False)

    def _clear(self) -> None:
        """What stands on the terminal's line for a moment."""
        if self._console.is_terminal:
            self._console.print(" " * (self._console.width - 1), end="\r")
