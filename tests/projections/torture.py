"""A fold made to hurt the engine: blind writes, deletions and re-creations, swaps, reads that depend on reads."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from hypothesis import strategies as st
from msgspec import Meta, Struct

from domain.changing import replace
from domain.kernel import FACTS, Event, Fact
from projections.rows import At, Change, Entry, Gone, Key, Latest, Projection, Row, each

EPOCH = datetime(2019, 11, 30, 23, 59, 59, 999_999, UTC)
DAY = date(2019, 12, 31)
Level = Literal["low", "high"]
Word = Annotated[str, Meta(max_length=40)]


class Op(Event, frozen=True):
    do: Literal["put", "inc", "gone", "swap", "chase", "plain", "poison"]
    k: int
    v: int


# Not by the decorator: the catalogue of real events stays as it is when this module is imported.
OP = Fact(name="tasma.test.op.v1", about=(), seen_by="everyone", frequent=True)
FACTS.setdefault(Op, OP)


class Note(Struct, frozen=True):
    """A part of a row that is no column of its own."""

    text: str
    on: date | None = None
    at: datetime | None = None


class Cell(Row, frozen=True):
    """Every type of column, names that SQL reserves, a key of several parts."""

    user: Key[int]
    order: Key[Word]
    day: Key[date]
    moment: Key[datetime]
    yes: Key[bool]
    select: int = 0
    level: Level = "low"
    flag: bool | None = None
    end: date | None = None
    at: datetime = EPOCH
    text: Word | None = None
    note: Note | None = None
    notes: tuple[Note, ...] = ()
    either: int | str = 0
    table: dict[str, tuple[int, ...]] = {}  # noqa: RUF012 - msgspec copies an empty default for every row


class Bare(Row, frozen=True):
    """Nothing but a key."""

    group: Key[str]


class LedgerLine(Entry, frozen=True):
    position: Key[int]
    nth: Key[int]
    text: str
    note: tuple[Note, ...] | None = None


def cell(k: int, side: str = "a") -> Cell:
    return Cell(k, f"{side}\\'\"ä😀", DAY + timedelta(k), EPOCH + timedelta(microseconds=k), k % 2 == 0)


@each
def fold(rows: Latest, event: Op, at: At) -> Iterator[Change]:
    here = cell(event.k)
    text = f"ä\\n\t\"'\n{event.v}\\N\r{{}}%s😀"
    match event.do:
        case "put":
            note = Note(text, on=DAY, at=at.time)
            yield replace(
                here, select=-event.v, text=text, note=note, notes=(note, Note("")), either=text, end=DAY, at=at.time
            )
        case "inc":
            here = rows.latest(here)
            yield replace(here, select=here.select + 1, flag=not here.flag)
            here = rows.latest(here)
            yield replace(here, select=here.select + 1, table={text: (event.v, 2**52)}, level="high")
        case "gone":
            yield Gone(here)
        case "swap":
            here, there = rows.latest(here), rows.latest(cell(event.v % 4))
            yield Gone(here)
            yield replace(there, select=here.select, text=here.text)
            yield replace(here, select=there.select, text=there.text)
        case "chase":
            for _ in range(3):
                here = rows.latest(cell(here.select % 4, "ab"[event.v % 2]))
            yield replace(here, select=here.select + 7)
            for nth in range(event.v % 3):
                yield LedgerLine(at.position, nth, text, (Note(text, at=at.time),) if event.v % 2 else None)
        case "plain":
            bare = rows.latest(Bare(str(event.k)))
            yield Gone(bare) if event.v % 2 else bare
        case "poison":
            here = rows.latest(here)
            yield replace(here, select=0)
            yield LedgerLine(at.position, 0, "never seen")
            raise ArithmeticError(f"The text {text} must not be shown.")


torture = Projection("torture", fold, (Cell, Bare, LedgerLine), frozenset({Op}))
parking = Projection("parking", fold, (Cell, Bare, LedgerLine), frozenset({Op}), on_poison="park")

ordinary: Any = st.sampled_from(["put", "inc", "gone", "swap", "chase", "plain"])
ops = st.builds(Op, do=ordinary, k=st.integers(0, 3), v=st.integers(0, 9))
poison = st.builds(Op, do=st.just("poison"), k=st.integers(0, 3), v=st.integers(0, 9))


def log_of(*events: Op) -> list[tuple[At, Event]]:
    """Events at dense positions, one microsecond apart."""
    return [(At(n, EPOCH + timedelta(microseconds=n)), event) for n, event in enumerate(events, 1)]
