"""What weighs on a process, so that a few do it at a time and whoever comes then is told to come again."""

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.http.network import Asked
from application.ports import Unavailable


@contextmanager
def at_a_time(request: Asked, what: str, most: int, refusal: type[Unavailable]) -> Iterator[None]:
    """Hold one of the places of this process for `what`. Raises the refusal where all are taken."""
    state = request.app.state
    if state.get(what, 0) >= most:
        raise refusal
    state[what] = state.get(what, 0) + 1
    try:
        yield
    finally:
        state[what] -= 1
