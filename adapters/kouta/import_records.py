"""Import Kouta records: each is published, updated, archived, left as it is, or refused with its reason."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Literal
from uuid import UUID

from msgspec import Struct

from adapters.kouta.decode import NotDecoded, decode
from adapters.kouta.offer import CommandName, Standing, Wanted, offer
from adapters.kouta.read_record import KoutaRecord, KoutaRefused, read_record
from application.door import command_of
from application.ports import Log, Outcome
from domain.canonical import digest_of
from domain.catalog.keep_offering import LIFE, Kept, NothingNew, evolve
from domain.kernel import Asked, Command, Refused, derived, facts
from domain.network.events import OrganisationRegistered, PartnerAdmitted

Result = Literal["published", "updated", "unchanged", "archived", "refused"]
_RESULTS: Mapping[CommandName, Result] = {
    "publish-offering": "published",
    "update-offering": "updated",
    "archive-offering": "archived",
}
_NIL = UUID(int=0)


class Imported(Struct, frozen=True, kw_only=True):
    """What became of one record."""

    source: str
    oid: str | None
    offering: str | None
    result: Result
    reason: str | None = None
    """A sentence, where the record was refused."""
    notes: tuple[str, ...] = ()
    """What was cut or left out."""
    position: int | None = None
    """Of the event that was appended, if one was."""


async def import_records(
    sources: Iterable[tuple[str, bytes]],
    *,
    partners: Mapping[str, str],
    standing: Callable[[str], Awaitable[Standing | None]],
    execute: Callable[[Command], Awaitable[Outcome]],
    asked: Callable[[UUID], Asked],
) -> list[Imported]:
    """Import named records (name, JSON bytes) in their order. Only what cannot be reached raises; a refusal is a line.

    `partners`: OID to partner, see `offer`. `standing`: how an offering stands now. `asked`: who asks, under the
    idempotency key given (`application.door.command_id` makes the command id of it).
    """
    report: list[Imported] = []
    for source, body in sources:
        record = _read(body)
        if isinstance(record, KoutaRefused):
            report.append(_refusal(source, record))
            continue
        now = await standing(record.offering)
        wanted = offer(record, partners, now)
        if isinstance(wanted, KoutaRefused):
            report.append(_refusal(source, wanted, record))
        elif wanted is None:
            report.append(_line(source, record, "unchanged"))
        else:
            report.append(await _executed(source, record, wanted, asked(key_of(record, wanted, now)), execute))
    return report


def _read(body: bytes) -> KoutaRecord | KoutaRefused:
    try:
        return read_record(decode(body))
    except NotDecoded as fault:
        return KoutaRefused(oid=None, reason=str(fault))


async def _executed(
    source: str, record: KoutaRecord, wanted: Wanted, asked: Asked, execute: Callable[[Command], Awaitable[Outcome]]
) -> Imported:
    try:
        outcome = await execute(command_of(wanted.command, wanted.body, asked))
    except NothingNew:  # another import was faster
        return _line(source, record, "unchanged")
    except Refused as refusal:
        return _refusal(source, KoutaRefused(oid=record.oid, reason=str(refusal)), record)
    if outcome.repeated:
        return _line(source, record, "unchanged")
    return _line(source, record, _RESULTS[wanted.command], outcome.position)


def key_of(record: KoutaRecord, wanted: Wanted, standing: Standing | None) -> UUID:
    """The idempotency key of a wanted change: it follows from the record, its content and what it changes.

    Without the position of what is changed, a description that comes back (A, B, A, B) would be taken for a repeat of
    its first coming, and the catalogue would stay behind the source.
    """
    return derived(
        _NIL, "kouta", record.oid, wanted.command, digest_of(wanted.body), standing.position if standing else 0
    )


def _line(source: str, record: KoutaRecord, result: Result, position: int | None = None) -> Imported:
    return Imported(
        source=source,
        oid=record.oid,
        offering=record.offering,
        result=result,
        notes=record.notes,
        position=position,
    )


def _refusal(source: str, refused: KoutaRefused, record: KoutaRecord | None = None) -> Imported:
    return Imported(
        source=source,
        oid=refused.oid,
        offering=record.offering if record else None,
        result="refused",
        reason=refused.reason,
        notes=record.notes if record else (),
    )


# --- the lookups, over any log ---------------------------------------------------------------------------------------
async def standing_in(log: Log, offering: str) -> Standing | None:
    """How an offering stands in a log now."""
    history = await log.look((facts(*LIFE, about=offering),))
    state = Kept()
    for recorded in history.events:
        state = evolve(state, recorded.data)  # type: ignore[arg-type]  # the boundary asked for these types alone
    if state.provider is None or state.description is None:
        return None
    return Standing(
        provider=state.provider,
        description=state.description,
        archived_on=state.archived_on,
        position=history.events[-1].position,
    )


async def partners_in(log: Log) -> dict[str, str]:
    """The partners of a log by their registered OID; where two carry one OID, the first registered has it."""
    history = await log.look((facts(OrganisationRegistered), facts(PartnerAdmitted)))
    events = [recorded.data for recorded in history.events]
    admitted = {event.organisation for event in events if isinstance(event, PartnerAdmitted)}
    partners: dict[str, str] = {}
    for event in events:
        if isinstance(event, OrganisationRegistered) and event.oid and event.organisation in admitted:
            partners.setdefault(event.oid, event.organisation)
    return partners
