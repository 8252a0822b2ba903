"""Agreements: the clauses, who has approved and signed, what is in force."""

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from domain.agreements.events import (
    AgreementAmended,
    AgreementApproved,
    AgreementDrafted,
    AgreementEnteredIntoForce,
    AgreementSigned,
    AgreementTextFrozen,
    Clauses,
)
from domain.changing import replace
from domain.words import Names
from projections.rows import At, Key, Latest, Projection, Row, Rows, each, facts_of

Written = AgreementDrafted | AgreementAmended
Seen = Written | AgreementTextFrozen | AgreementApproved | AgreementSigned | AgreementEnteredIntoForce


class Approval(Struct, frozen=True):
    """The decision of a party's body on a version."""

    organisation: str
    """The party whose body decided."""
    body: str
    """The body that decided, such as a board."""
    section: str
    """Where the decision stands in its minutes."""
    approved_on: date
    """The day of the decision, in Helsinki."""


class Signature(Struct, frozen=True):
    """A party has signed a version."""

    organisation: str
    """The party that signed."""
    signed_on: date
    """The day of the signature, in Helsinki."""


class Agreement(Row, frozen=True):
    """One version of an agreement, and how far it is: drafted, frozen, approved, signed, in force."""

    agreement: Key[str]
    """The id of the agreement, such as agreement:kymenlaakso-2019."""
    version: Key[int]
    """The version, counted from 1."""
    title: Names | None = None
    """What it is called, as its parties wrote it."""
    parties: tuple[str, ...] = ()
    """The organisations that it binds, or is to bind."""
    clauses: Clauses | None = None
    """What decisions read of it once it is in force."""
    drafted_on: date | None = None
    """The day on which it was written down, in Helsinki; null for others than its parties."""
    text_digest: str | None = None
    """SHA-256 of the canonical JSON of what was frozen, as 64 hex digits; null until then."""
    approvals: tuple[Approval, ...] = ()
    """In the order of recording; none are shown to others than its parties."""
    signatures: tuple[Signature, ...] = ()
    """In the same way; when all parties have signed it is in force."""
    in_force_on: date | None = None
    """The first day on which it holds, in Helsinki; null until the last signature."""


@each
def fold(rows: Latest, fact: Seen, at: At) -> Iterator[Agreement]:  # noqa: ARG001 - dates are in the facts
    row = rows.latest(Agreement(fact.agreement, fact.version))
    match fact:
        case AgreementDrafted():
            yield _written(row, fact, fact.drafted_on)
        case AgreementAmended():
            yield _written(row, fact, fact.amended_on)
        case AgreementTextFrozen():
            yield replace(row, text_digest=fact.text_digest)
        case AgreementApproved():
            approval = Approval(fact.organisation, fact.body, fact.section, fact.approved_on)
            yield replace(row, approvals=(*row.approvals, approval))
        case AgreementSigned():
            yield replace(row, signatures=(*row.signatures, Signature(fact.organisation, fact.signed_on)))
        case AgreementEnteredIntoForce():
            yield replace(row, in_force_on=fact.in_force_on)


def _written(row: Agreement, fact: Written, on: date) -> Agreement:
    return replace(row, title=fact.title, parties=fact.parties, clauses=fact.clauses, drafted_on=on)


agreements = Projection("agreements", fold, (Agreement,), facts_of(Seen), on_poison="park")


def agreement_of(rows: Rows, agreement: str) -> list[Agreement]:
    """Every version of an agreement, in order; empty where there is none."""
    return list(rows.under(Agreement, agreement))
