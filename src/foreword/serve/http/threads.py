"""Work that may wait, off the event loop.

Comes in:  a call.      Goes out: what it returns, or raises.
Names may have to be looked up far away, so that many threads may stand and wait; they are not those that disk and forms use.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

MOST = 64
P = ParamSpec("P")
T = TypeVar("T")

_executor = ThreadPoolExecutor(MOST, thread_name_prefix="asking")


async def in_thread(what: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(_executor, partial(what, *args, **named))
