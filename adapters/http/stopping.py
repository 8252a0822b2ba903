"""How a process of the server learns that it is to stop, before those who follow the feed have kept it from stopping."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

STOP: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def told_to_stop(hear: Callable[[], None]) -> Iterator[None]:
    """Call when the process is told to stop, as long as the block lasts. Whoever was to be told before still is.

    The server stops accepting by a handler of the event loop, which is woken by the number of the signal alone; the handler
    of Python beside it does nothing then, so this one stands in its place.
    """
    if threading.current_thread() is not threading.main_thread():  # there alone signals are heard
        yield
        return
    loop, before = asyncio.get_running_loop(), {number: signal.getsignal(number) for number in STOP}

    def told(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(hear)
        known = before[signal.Signals(number)]
        if callable(known):
            known(number, frame)

    for number in STOP:
        signal.signal(number, told)
        signal.siginterrupt(number, False)  # noqa: FBT003 - the parameter has no name
    try:
        yield
    finally:
        for number, known in before.items():
            signal.signal(number, known)
