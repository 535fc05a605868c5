"""A function in a thread, or here."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

Result = TypeVar("Result")


async def run_in(threads: Executor | None, function: Callable[..., Result], *arguments: object) -> Result:
    """`function(*arguments)`, in one of `threads`; without threads at once, on the event loop."""
    if threads is None:
        return function(*arguments)
    return await asyncio.get_running_loop().run_in_executor(threads, function, *arguments)
