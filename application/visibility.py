"""Who sees what: what one may not see does not exist."""

from application.desk import Asker
from application.envelope import Recorded
from domain.kernel import FACTS, current, parties_of
from domain.mentoring.events import MenteeAssigned, MenteeReleased
from domain.pathways.events import PathwayDrafted


def sees_all(reader: Asker) -> bool:
    """The coordinator and an auditor of the whole network."""
    return reader.role == "coordinator" or (reader.role == "auditor" and reader.project is None)


def rights_of(reader: Asker) -> tuple[str | None, ...]:
    """What decides, beside an event, whether a reader may see it: the same for readers who see the same."""
    mentor = reader.subject if reader.role == "mentor" else None
    return reader.role, reader.organisation, reader.project, mentor


def may_see(reader: Asker, event: Recorded) -> bool:
    """Whether a reader may see an event: a pure function of the event and the reader's present rights."""
    if sees_all(reader):
        return True
    audience = FACTS[type(event.data)].seen_by
    match reader.role:
        case "partner" | "subscriber":
            return audience in ("everyone", "network") or reader.organisation in parties_of(event.data)
        case "mentor":
            return audience in ("everyone", "network") or _of_mentor(reader.subject, event)
        case "auditor":
            return audience == "everyone" or getattr(event.data, "project", None) == reader.project
        case _:
            return audience == "everyone"


def _of_mentor(mentor: str | None, event: Recorded) -> bool:
    """A mentor sees their own clients, and no money."""
    match current(event.data):
        case MenteeAssigned(mentor=own) | MenteeReleased(mentor=own) | PathwayDrafted(mentor=own):
            return own == mentor
        case _:
            return False
