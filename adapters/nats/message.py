"""An event as a message: the subject follows from its type, the headers name it, the data are its bytes, untouched."""

import re
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from application.envelope import UNREADABLE
from application.feed import Line
from domain.kernel import Refused

POSITION: Final = "Tasma-Position"
MSG_ID: Final = "Nats-Msg-Id"
_TYPE: Final = re.compile(r"tasma\.([a-z_]+\.[a-z_]+)\.v[1-9][0-9]*")


class Label(Struct, frozen=True):
    """What of an event has to be known to pass it on, whether or not this version knows its type."""

    sequence: str
    time: datetime
    id: str
    type: str


class Unrelayable(Refused):
    """To pass over an event would be a gap, to pass on something else a lie."""

    def __init__(self, position: int) -> None:
        super().__init__(
            f"What the log holds at position {position:,} is no event of that position: its row is gone or its bytes are damaged, "
            "so nothing is relayed from there on. `tasma audit verify` says what happened."
        )


class Message(NamedTuple):
    subject: str
    headers: dict[str, str]
    data: bytes


_label = msgspec.json.Decoder(Label).decode


def label_of(line: Line) -> Label:
    """Raises Unrelayable."""
    try:
        label = _label(line.body)
    except UNREADABLE as error:
        raise Unrelayable(line.position) from error
    if label.sequence != f"{line.position:020}":
        raise Unrelayable(line.position)
    return label


def message_of(network: str, line: Line) -> Message:
    """Raises Unrelayable."""
    label = label_of(line)
    named = _TYPE.fullmatch(label.type)
    if named is None:
        raise Unrelayable(line.position)
    headers = {MSG_ID: label.id, POSITION: str(line.position)}
    return Message(f"tasma.{network}.{named[1]}", headers, line.body)
