"""How read models are asked, whatever they are kept in: a pure question, and an answer that says where it holds."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from projections.rows import Projection, Rows

T = TypeVar("T")


class Answer(Struct, Generic[T], frozen=True):
    """What a question gave, and the position it holds for."""

    value: T
    position: int


class Views(Protocol):
    """The read models of one network."""

    async def ask(
        self,
        projection: Projection,
        question: Callable[[Rows], T],
        *,
        at_least: int | None = None,
        as_of: int | None = None,
    ) -> Answer[T]:
        """Put a pure question to a projection: as it is, as soon as it reached a position, or as it was at one.

        Raises Unavailable when the position is not reached in time or the projection cannot answer.
        """
