"""What clients of a network at work send: real commands, nearly all of which can be carried out once."""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.clock import system_clock
from application.desk import Asker
from domain.calendar import day_of, month_of
from tests.http.world import AGREEMENT

Sending = tuple[str, Mapping[str, Any]]
"""A command's name and body."""

CLIENT = Asker(actor="person:client", role="coordinator")
PARTIES = ("org:xamk", "org:ekami")
MENTORS = 3
"""Few enough that clients who are served at the same time meet."""


def founding() -> Sequence[Sending]:
    """A network of two partners with an agreement in force, an offering and mentors with room."""
    today = str(day_of(system_clock()))
    version = {"agreement": AGREEMENT["agreement"], "version": 1}
    sent: list[Sending] = [
        (
            "found-network",
            {"network": "testi", "name": {"fi": "Testi"}, "first_period": month_of(day_of(system_clock()))},
        )
    ]
    for party in PARTIES:
        sent.append(("register-organisation", {"organisation": party, "name": {"fi": party[4:]}, "kind": "other"}))
        sent.append(("admit-partner", {"organisation": party, "membership": "open", "admitted_on": today}))
    sent += [("draft-agreement", AGREEMENT), ("freeze-agreement", version)]
    for party in PARTIES:
        approval = {"organisation": party, "body": "Hallitus", "section": "§ 1", "approved_on": today}
        sent.append(("approve-agreement", {**version, **approval}))
        sent.append(("sign-agreement", {**version, "organisation": party, "signed_on": today}))
    description = {"kind": "course", "name": {"fi": "Kurssi"}}
    offering = {"offering": "offering:o-1", "provider": "org:ekami", "description": description}
    sent.append(("publish-offering", offering))
    for n in range(MENTORS):
        sent.append(("nominate-mentor", {"mentor": f"mentor:m-{n}", "organisation": "org:xamk", "capacity": 500}))
    return sent


def case(name: str, number: int) -> Sequence[Sending]:
    """A client of their own is guided along a pathway of their own; what is delivered is shared by the network itself."""
    today = str(day_of(system_clock()))
    client, pathway = f"client:c-{name}-{number}", f"pathway:p-{name}-{number}"
    mentee = {"mentor": f"mentor:m-{number % MENTORS}", "client": client}
    step = {"pathway": pathway, "step": 1}
    agreement = {"agreement": AGREEMENT["agreement"]}
    parts = [{"part": part, "cents": 10_000 + number} for part in (1, 2)]
    return [
        ("draft-pathway", {"pathway": pathway, "client": client, "organisation": "org:xamk"}),
        ("assign-mentee", mentee),
        # What it leads to is outside its own boundary: nothing but its key keeps it from being done twice.
        ("set-mentor-capacity", {"mentor": mentee["mentor"], "capacity": 500 - number % 50}),
        ("propose-step", {**step, "offering": "offering:o-1", "parts": parts}),
        ("confirm-step", {**step, **agreement}),
        ("agree-pathway", {"pathway": pathway, **agreement, "collected_by": "org:xamk", "project": None}),
        *(("deliver-step", {**step, "part": part, "delivered_on": today}) for part in (1, 2)),
        ("release-mentee", {**mentee, "reason": "pathway-completed"}),
    ]
