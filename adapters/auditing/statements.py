"""Whether issued statements are kept as they were issued, and come out of the log again."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec

from adapters.auditing.report import Fault, Kind
from adapters.postgres.audit_reading import AuditReading
from adapters.postgres.refold import Refold
from domain.canonical import canonical, digest_of
from domain.changing import replace
from domain.settlement.events import StatementIssued
from projections.statement import Account, account_of
from projections.statement_form_1 import StatementForm1, kept_in_form_1
from projections.statement_forms import ContentForm1, ContentForm2, LineForm1

Issued = tuple[int, StatementIssued]
"""The position of the event, and the event."""

_encode = msgspec.json.Encoder(order="deterministic").encode
"""As statements of form 1 were kept."""

_UNREADABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError)
"""What bytes are answered with that are no statement."""


class Kept(NamedTuple):
    """A statement whose document has the digest that its event says."""

    position: int
    event: StatementIssued
    whole: bytes
    """SHA-256 of the document's bytes: of form 1 also of what its own digest does not cover, and of how it is written."""


async def check_documents(issued: Sequence[Issued], reading: AuditReading) -> tuple[list[Fault], list[Kept]]:
    """The kept document of each statement has the digest, the balances and the lines that its event says."""
    faults, kept = [], []
    for position, event in issued:
        found = read_document(position, event, await reading.document(event.digest))
        if isinstance(found, Kept):
            kept.append(found)
        else:
            faults.append(found)
    return faults, kept


def read_document(position: int, event: StatementIssued, body: bytes | None) -> Kept | Fault:
    """What is kept of a statement, if it is the one that its event at this position has issued."""
    if body is None:
        return _fault(position, event, "its document is not kept", "document")
    if (why := _read(event, body)) is not None:
        return _fault(position, event, why, "document")
    return Kept(position, event, sha256(body).digest())


async def check_recomputed(kept: Sequence[Kept], fold: Refold, head: int) -> list[Fault]:
    """The statements as the whole log gives them now: a closed period never changes, and neither does a word of its documents.

    A document is the bytes that its digest is of. In form 1 it was not: no digest covers the sentences of the lines and what stands
    beside the figures, so these are compared as well. Names could be others by now: where such a document is not what the head
    gives, it is held against the log as of its own cut.
    """
    faults: list[Fault] = []
    others: list[Kept] = []
    for each in kept:
        now = await _recomputed(each, fold, head)
        if now.digest != each.event.digest:
            what = f"it is recomputed to the digest {now.digest}"
            faults.append(_fault(each.position, each.event, what, "statement"))
        elif now.whole != each.whole:
            others.append(each)
    for each in sorted(others, key=_cut):
        if (await _recomputed(each, fold, _cut(each))).whole != each.whole:
            what = "its kept document says other things beside its figures than the log gives"
            faults.append(_fault(each.position, each.event, what, "document"))
    return faults


def _cut(kept: Kept) -> int:
    return kept.event.position


class _Recomputed(NamedTuple):
    digest: str | None
    whole: bytes | None


async def _recomputed(kept: Kept, fold: Refold, position: int) -> _Recomputed:
    """One at a time: a statement may have as many lines as there is room for."""
    account = await fold.ask(partial(account_of, partner=kept.event.partner, period=kept.event.period), as_of=position)
    return _as_issued(account, kept.event.form) if account else _Recomputed(None, None)


def _as_issued(account: Account, form: int) -> _Recomputed:
    """As it was kept when it was issued, in the form of then."""
    if account.cut is None:
        return _Recomputed(None, None)
    digest = replace(account, form=form).digest
    if form > 1 or digest is None:
        return _Recomputed(digest, bytes.fromhex(digest or ""))
    return _Recomputed(digest, sha256(_encode(kept_in_form_1(account))).digest())


def _read(event: StatementIssued, body: bytes) -> str | None:
    """Why what is kept is not the statement of the event; None if it is."""
    try:
        kept = _read_form_1(body) if event.form == 1 else _read_canonical(body)
    except _UNREADABLE as error:
        return f"its kept document cannot be read ({error})"
    if isinstance(kept, str):
        return kept
    if (digest := digest_of(kept)) != event.digest:
        return f"its kept document has the digest {digest}"
    named = (
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
    return None if named == held else "its event and its kept document name other balances"


def _read_canonical(body: bytes) -> ContentForm2 | str:
    kept = msgspec.json.decode(body, type=ContentForm2)
    return kept if canonical(kept) == body else "its kept document is not written as its digest is taken"


def _read_form_1(body: bytes) -> ContentForm1 | str:
    """Of what was kept in form 1, what its digest covers; or what is there that no statement has."""
    kept = msgspec.json.decode(body, type=StatementForm1)
    # What is not looked at is skipped unread, and of a key that stands there twice the last is taken: others read it otherwise.
    said = json.loads(body.decode(), object_pairs_hook=_once)
    if (more := next(_beyond(said, msgspec.to_builtins(kept)), None)) is not None:
        return f"its kept document says {more}, which no statement has"
    return ContentForm1(
        form=kept.form,
        partner=kept.partner,
        period=kept.period,
        position=kept.position,
        opening_cents=kept.opening_cents,
        lines=tuple(msgspec.convert(line, LineForm1, from_attributes=True) for line in kept.lines),
        subtotals=kept.subtotals,
        closing_cents=kept.closing_cents,
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _beyond(said: Any, known: Any) -> Iterator[str]:  # noqa: ANN401 - whatever JSON says
    """The keys that were said and are not known, at any depth."""
    if isinstance(said, dict):
        for key, value in said.items():
            if key not in known:
                yield repr(key)
            else:
                yield from _beyond(value, known[key])
    elif isinstance(said, list):
        for one, other in zip(said, known, strict=True):
            yield from _beyond(one, other)


def _fault(position: int, event: StatementIssued, why: str, kind: Kind) -> Fault:
    what = f"The statement of {event.partner} for {event.period}, issued at position {position:,} as {event.digest}: {why}."
    return Fault(position, what, kind)
