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
from domain.pathways.earlier import PathwayDrafted as DraftedBefore
from domain.pathways.events import PathwayDrafted
from domain.settlement.close_period import WorkedOff

COMMAND_ID = UUID("0168f4a2-7c00-8123-9abc-0123456789ab")
COORDINATOR = "coordinator"


FILLED: Mapping[str, Mapping[str, object]] = {
    "close-period": {"worked_off": WorkedOff(mark=0, last_before_end=0, settled=True)},
    "agree-pathway": {"client": "client:c-17"},
}
"""What the application would fill in beside an example."""


def example(name: str, by: Asked) -> Command:
    """The command that a decider's own example stands for."""
    return command_of(name, DECIDERS[name].example, by, **FILLED.get(name, {}))


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
        if name == "agree-pathway":
            drafts = (e for e in self.history if isinstance(e, PathwayDrafted | DraftedBefore))
            filled.setdefault("client", next((e.client for e in drafts if e.pathway == body["pathway"]), None))
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
