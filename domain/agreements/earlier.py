"""Versions of agreement events that are written no more, and how they are read."""

from datetime import date

from domain.agreements import events as newest
from domain.kernel import Event, Value, fact, upcaster
from domain.money import SharingRule
from domain.words import AgreementId, Day, Names, Organisation, Parties, TextDigest, Version


class Clauses(Value, frozen=True):
    """The operative clauses of a version: what decisions read once it is in force."""

    sharing_rule: SharingRule | None
    """How revenue is divided; without it no pathway is agreed under this version."""
    data_sharing: bool
    """Whether a client may be passed between the parties."""
    answer_days: int
    """Business days in which a referral is to be answered."""
    grace_days: int
    """Business days after that until it expires."""
    rights: tuple[Names, ...]
    """What the parties may do, as sentences."""
    duties: tuple[Names, ...]
    """What the parties have to do, as sentences."""


@fact("agreement.drafted", about=("agreement",), seen_by="parties")
class AgreementDrafted(Event, frozen=True):
    """A version of an agreement is written down, for its parties to look at; it binds nobody yet."""

    agreement: AgreementId
    version: Version
    title: Names
    parties: Parties
    """The organisations that it is to bind."""
    clauses: Clauses
    drafted_on: Day


@fact("agreement.entered_into_force", about=("agreement",), seen_by="network")
class AgreementEnteredIntoForce(Event, frozen=True):
    """All parties have approved and signed: a version holds from here on, with the clauses that decisions read."""

    agreement: AgreementId
    version: Version
    title: Names
    parties: tuple[Organisation, ...]
    """The organisations that are bound by it."""
    in_force_on: date
    """The first day on which it holds, in Helsinki."""
    text_digest: TextDigest
    clauses: Clauses


def _clauses(old: Clauses) -> newest.Clauses:
    return newest.Clauses(**{f: getattr(old, f) for f in old.__struct_fields__})


@upcaster
def drafted_without_costs(old: AgreementDrafted) -> newest.AgreementDrafted:
    """Before costs, disputes and payments had clauses, what follows from silence held."""
    return newest.AgreementDrafted(
        agreement=old.agreement,
        version=old.version,
        title=old.title,
        parties=old.parties,
        clauses=_clauses(old.clauses),
        units=(),
        drafted_on=old.drafted_on,
    )


@upcaster
def in_force_without_costs(old: AgreementEnteredIntoForce) -> newest.AgreementEnteredIntoForce:
    """As the drafted version."""
    return newest.AgreementEnteredIntoForce(
        agreement=old.agreement,
        version=old.version,
        title=old.title,
        parties=old.parties,
        in_force_on=old.in_force_on,
        text_digest=old.text_digest,
        clauses=_clauses(old.clauses),
        units=(),
    )
