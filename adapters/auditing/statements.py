"""Whether issued statements are kept as they were issued, and come out of the log again."""

from collections.abc import Sequence

import msgspec

from adapters.auditing.report import Fault, Kind
from adapters.postgres.audit_reading import AuditReading
from adapters.projecting.asking import Views
from domain.canonical import digest_of
from domain.settlement.events import StatementIssued
from projections.rows import Rows
from projections.statement import LineForm1, Statement, account_of
from projections.statements import statements

Issued = tuple[int, StatementIssued]
"""The position of the event, and the event."""


async def check_documents(issued: Sequence[Issued], reading: AuditReading) -> list[Fault]:
    """The kept document of each statement has the digest, the balances and the lines that its event says."""
    faults = []
    for position, event in issued:
        body = await reading.document(event.digest)
        if body is None:
            faults.append(_fault(position, event, "its document is not kept", "document"))
        elif why := _differs(event, body):
            faults.append(_fault(position, event, why, "document"))
    return faults


async def check_recomputed(issued: Sequence[Issued], views: Views, head: int) -> list[Fault]:
    """The statements as the whole log gives them now, folded anew from the first event: a closed period never changes."""
    if not issued:
        return []

    def digests(rows: Rows) -> list[str | None]:
        accounts = (account_of(rows, event.partner, event.period) for _, event in issued)
        return [account.digest if account else None for account in accounts]

    answer = await views.ask(statements, digests, as_of=head)
    return [
        _fault(position, event, f"it is recomputed to the digest {found}", "statement")
        for (position, event), found in zip(issued, answer.value, strict=True)
        if found != event.digest
    ]


def _differs(event: StatementIssued, body: bytes) -> str | None:
    try:
        kept = msgspec.json.decode(body, type=Statement)
    except msgspec.MsgspecError as error:
        return f"its kept document cannot be read ({error})"
    content = msgspec.to_builtins(
        {
            "form": kept.form,
            "partner": kept.partner,
            "period": kept.period,
            "position": kept.position,
            "opening_cents": kept.opening_cents,
            "lines": [msgspec.convert(line, LineForm1, from_attributes=True) for line in kept.lines],
            "subtotals": kept.subtotals,
            "closing_cents": kept.closing_cents,
        }
    )
    if (digest := digest_of(content)) != event.digest:
        return f"its kept document has the digest {digest}"
    said = (
        event.partner,
        event.period,
        event.form,
        event.position,
        event.opening_cents,
        event.closing_cents,
        event.lines,
    )
    held = (
        kept.partner,
        kept.period,
        kept.form,
        kept.position,
        kept.opening_cents,
        kept.closing_cents,
        len(kept.lines),
    )
    return None if said == held else "its event and its kept document name other balances"


def _fault(position: int, event: StatementIssued, why: str, kind: Kind) -> Fault:
    what = f"The statement of {event.partner} for {event.period}, issued at position {position:,} as {event.digest}: {why}."
    return Fault(position, what, kind)
