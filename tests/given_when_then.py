"""Say what had happened, what is asked for, and what should come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from application.door import command_of
from application.registry import DECIDERS
from domain.kernel import Asked, Command, Event, Refused, Role, command_name

COMMAND_ID = UUID("0168f4a2-7c00-8123-9abc-0123456789ab")
COORDINATOR = "coordinator"


def asked(at: str = "2019-03-05T09:00:00+02:00", organisation: str | None = None, role: Role | None = None) -> Asked:
    """A coordinator without an organisation, a partner with one."""
    return Asked(
        at=datetime.fromisoformat(at).astimezone(UTC),
        actor="person:test",
        role=role or ("partner" if organisation else "coordinator"),
        organisation=organisation,
        command_id=COMMAND_ID,
    )


@dataclass(frozen=True)
class Given:
    """A history, and the commands asked on top of it."""

    history: tuple[Event, ...]
    command: Command | None = None
    by: Asked = field(default_factory=asked)

    def when(self, name: str, body: Mapping[str, Any], by: Asked | None = None, **filled: object) -> "Given":
        return Given(self.history, command_of(name, body, by or asked(), **filled))

    def then(self, *expected: Event) -> None:
        assert self.events() == expected

    def then_refused(self, sentence: str) -> None:
        """The refusal is asserted whole: it is what a person reads."""
        with pytest.raises(Refused) as refused:
            self.events()
        assert str(refused.value) == sentence

    def events(self) -> tuple[Event, ...]:
        """What the decision gives, seeing of the history what its boundary asks for and no more."""
        assert self.command is not None
        decider = DECIDERS[command_name(type(self.command))]
        boundary = decider.boundary(self.command)
        seen = [e for e in self.history if any(c.admits(e) for c in boundary)]
        return decider(self.command, seen)

    def and_then(self) -> "Given":
        """The history with what the command gave."""
        return Given((*self.history, *self.events()))


def given(*history: Event) -> Given:
    return Given(history)


def plain(event: Event) -> dict[str, Any]:
    """An event as JSON values, for comparing a few of its fields."""
    content: dict[str, Any] = msgspec.to_builtins(event)
    return content
