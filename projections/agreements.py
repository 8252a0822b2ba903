"""Agreements: the clauses, who has approved and signed, what is in force."""

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from domain.agreements.events import (
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

Seen = AgreementDrafted | AgreementTextFrozen | AgreementApproved | AgreementSigned | AgreementEnteredIntoForce


class Approval(Struct, frozen=True):
    organisation: str
    body: str
    section: str
    approved_on: date


class Signature(Struct, frozen=True):
    organisation: str
    signed_on: date


class Agreement(Row, frozen=True):
    agreement: Key[str]
    version: Key[int]
    title: Names | None = None
    parties: tuple[str, ...] = ()
    clauses: Clauses | None = None
    drafted_on: date | None = None
    text_digest: str | None = None
    approvals: tuple[Approval, ...] = ()
    signatures: tuple[Signature, ...] = ()
    in_force_on: date | None = None


@each
def fold(rows: Latest, fact: Seen, at: At) -> Iterator[Agreement]:  # noqa: ARG001 - dates are in the facts
    row = rows.latest(Agreement(fact.agreement, fact.version))
    match fact:
        case AgreementDrafted():
            yield replace(row, title=fact.title, parties=fact.parties, clauses=fact.clauses, drafted_on=fact.drafted_on)
        case AgreementTextFrozen():
            yield replace(row, text_digest=fact.text_digest)
        case AgreementApproved():
            approval = Approval(fact.organisation, fact.body, fact.section, fact.approved_on)
            yield replace(row, approvals=(*row.approvals, approval))
        case AgreementSigned():
            yield replace(row, signatures=(*row.signatures, Signature(fact.organisation, fact.signed_on)))
        case AgreementEnteredIntoForce():
            yield replace(row, in_force_on=fact.in_force_on)


agreements = Projection("agreements", fold, (Agreement,), facts_of(Seen), on_poison="park")


def agreement_of(rows: Rows, agreement: str) -> list[Agreement]:
    """Every version of an agreement, in order; empty where there is none."""
    return list(rows.under(Agreement, agreement))
