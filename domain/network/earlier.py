"""Versions of network events that are written no more, and how they are read."""

from typing import Literal

from domain.kernel import Event, fact, upcaster
from domain.network import events as newest
from domain.words import Day, EventId, FollowUpId, Line, Parties

FollowUpCode = Literal["referral-declined", "referral-expired", "refused"]


@fact("network.follow_up_opened", about=("follow_up", "about"), seen_by="parties", frequent=True)
class FollowUpOpened(Event, frozen=True):
    """Something that a policy could not do, or that nobody did: it waits on the coordinator's list."""

    follow_up: FollowUpId
    cause: EventId
    """The event that led to it."""
    about: Line
    """The id of the thing that came to nothing."""
    code: FollowUpCode
    """What came to nothing, for programs."""
    reason: Line
    """The same as a sentence."""
    opened_on: Day
    parties: Parties


@upcaster
def follow_up_of_three_codes(old: FollowUpOpened) -> newest.FollowUpOpened:
    """The codes became an open list."""
    return newest.FollowUpOpened(**{f: getattr(old, f) for f in old.__struct_fields__})
