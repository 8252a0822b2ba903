"""Rows that stand beside the log and lead what is done with it: marks of policies, the catalogue, cosignatures of no checkpoint."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from adapters.auditing.report import Fault
from adapters.postgres.audit_reading import AuditReading
from application.counting import counted
from application.policies import POLICIES

VERSIONS_END: Final = 100_000
"""No catalogue of events will ever have so many versions."""


async def check_beside(
    reading: AuditReading, head: int, causes: Mapping[str, Sequence[UUID]], *, to_head: bool = False
) -> list[Fault]:
    """`causes`: the ids of the last two events that each policy acted on. to_head: as it is once marks beyond it are set back."""
    faults = [_orphan(size, vkey) for size, vkey in await reading.orphans()]
    if (version := await reading.catalogue()) >= VERSIONS_END:
        what = (
            f"The catalogue says that events of version {version:,} were recorded, which no version of Täsmä has: every "
            "process counts as outdated and appends nothing. Restore that table from a backup."
        )
        faults.append(Fault(0, what, "catalogue"))
    marks = await reading.marks()
    for policy, mark in marks.items():
        if not 0 <= mark <= head and not (to_head and mark > head):
            what = f"The mark of the policy {policy} stands at position {mark:,}, and the log has the positions 1 to {head:,}."
            faults.append(Fault(0, what, "mark"))
    for policy in (each.name for each in POLICIES):
        faults += await _moved_back(reading, policy, marks.get(policy), causes.get(policy, ()))
    return faults


async def _moved_back(reading: AuditReading, policy: str, mark: int | None, causes: Sequence[UUID]) -> list[Fault]:
    """A policy acts on an event and moves its mark then: only of the last event it acted on the mark may not tell yet."""
    if len(causes) < 2:  # noqa: PLR2004 - the last two
        return []
    position = await reading.beyond_mark(mark or 0, causes[0])
    if position is None:
        return []
    where = "is not there" if mark is None else f"stands at position {mark:,}"
    what = (
        f"The mark of the policy {policy} {where}, although it has acted on the event at position {position:,} and one after it: "
        "the mark was moved back or removed. The policy works off again what follows; what it has asked for already is recognised."
    )
    return [Fault(position, what, "mark")]


def _orphan(size: int, vkey: str) -> Fault:
    what = (
        f"A cosignature of {vkey[:200]} is kept for a checkpoint of {counted(size, 'event')}: that checkpoint, or that witness, is "
        "not recorded."
    )
    return Fault(size, what, "cosignature")
