"""Which components of a pipeline wait for which."""

from collections.abc import Collection, Iterator, Mapping


class Order:
    """Of components by id, in the pipeline's own order, in which each comes after those it waits for."""

    def __init__(self, waits_for: Mapping[str, Collection[str]]):
        """What a component waits for and is none of `waits_for` is done already."""
        self._waits_for = {node: set(before) & set(waits_for) for node, before in waits_for.items()}

    def __iter__(self) -> Iterator[str]:
        return iter(self._waits_for)

    def ready(self, done: Collection[str]) -> list[str]:
        """Those that wait for nothing but what is `done`; what is done is among them."""
        return [node for node, before in self._waits_for.items() if before <= set(done)]

    def behind(self, node: str) -> set[str]:
        """Those that wait for `node`, or for one that does."""
        found = {node}
        for other, before in self._waits_for.items():
            if before & found:
                found.add(other)
        return found - {node}
