"""From a draft to an agreement in force: the text is frozen, each party approves and signs it."""

from datetime import date

from domain.agreements.events import (
    AgreementAmended,
    AgreementApproved,
    AgreementDrafted,
    AgreementEnteredIntoForce,
    AgreementSigned,
    AgreementTextFrozen,
)
from domain.canonical import digest_of
from domain.changing import replace
from domain.kernel import (
    Asked,
    Boundary,
    Command,
    Decider,
    Event,
    InTheFuture,
    NotYours,
    Refused,
    Unknown,
    Value,
    facts,
)
from domain.persons import same_person
from domain.words import AgreementId, Line, Organisation, Version

Seen = AgreementDrafted | AgreementAmended | AgreementTextFrozen | AgreementApproved | AgreementSigned


class FreezeAgreement(Command, frozen=True):
    """Freeze the text of a drafted version: from here on its SHA-256 is what everybody approves and signs."""

    agreement: AgreementId
    version: Version
    """The newest that was written down."""


class ApproveAgreement(Command, frozen=True):
    """Record that a party's body has approved the frozen text, on which day and under which section of its minutes."""

    agreement: AgreementId
    version: Version
    organisation: Organisation
    """The party whose body decided."""
    body: Line
    """The body that decided, such as a board."""
    section: Line
    """Where the decision stands in its minutes, such as "§ 12"."""
    approved_on: date
    """The day of the decision, in Helsinki; not later than today."""


class SignAgreement(Command, frozen=True):
    """Sign the frozen text for a party that has approved it. The last signature puts the version into force."""

    agreement: AgreementId
    version: Version
    organisation: Organisation
    """The party that signs."""
    signed_on: date
    """The day of the signature, in Helsinki; not later than today."""


class NoSuchVersion(Refused):
    def __init__(self, agreement: str, version: int, latest: int) -> None:
        super().__init__(f"{agreement} has no version {version}; its latest version is {latest}.")


class NotFrozen(Refused):
    def __init__(self, agreement: str, version: int) -> None:
        super().__init__(
            f"The text of {agreement} version {version} is not frozen yet; freeze it before it is approved."
        )


class AlreadyFrozen(Refused):
    def __init__(self, agreement: str, version: int, text_digest: str) -> None:
        super().__init__(f"The text of {agreement} version {version} is frozen already, with the digest {text_digest}.")


class NotAParty(Refused):
    def __init__(self, organisation: str, agreement: str, parties: tuple[str, ...]) -> None:
        super().__init__(f"{organisation} is no party to {agreement}; its parties are {', '.join(parties)}.")


class CheckedByOneself(Refused):
    def __init__(self, agreement: str, version: int) -> None:
        super().__init__(
            f"You have frozen the text of {agreement} version {version}; who checks may not approve, so let somebody else approve it."
        )


class ApprovedAlready(Refused):
    def __init__(self, organisation: str, agreement: str, version: int) -> None:
        super().__init__(f"{organisation} has approved {agreement} version {version} already.")


class NotApproved(Refused):
    def __init__(self, organisation: str, agreement: str, version: int) -> None:
        super().__init__(
            f"{organisation} has not approved {agreement} version {version} yet; approve it before signing."
        )


class SignedAlready(Refused):
    def __init__(self, organisation: str, agreement: str, version: int) -> None:
        super().__init__(f"{organisation} has signed {agreement} version {version} already.")


class Life(Value, frozen=True):
    drafted: AgreementDrafted | AgreementAmended | None = None
    """The newest version that was written down."""
    text_digest: str | None = None
    frozen_by: str | None = None
    approved: frozenset[str] = frozenset()
    signed: frozenset[str] = frozenset()


def boundary(command: FreezeAgreement | ApproveAgreement | SignAgreement) -> Boundary:
    return (
        facts(
            AgreementDrafted,
            AgreementAmended,
            AgreementTextFrozen,
            AgreementApproved,
            AgreementSigned,
            about=command.agreement,
        ),
    )


def evolve(state: Life, event: Seen) -> Life:
    match event:
        case AgreementDrafted() | AgreementAmended():
            return Life(drafted=event)
        case AgreementTextFrozen():
            return replace(state, text_digest=event.text_digest, frozen_by=event.by)
        case AgreementApproved():
            return replace(state, approved=state.approved | {event.organisation})
        case AgreementSigned():
            return replace(state, signed=state.signed | {event.organisation})


def freeze(command: FreezeAgreement, state: Life) -> tuple[Event, ...]:
    drafted = _drafted(command.asked, state, command.agreement, command.version)
    if state.text_digest:
        raise AlreadyFrozen(command.agreement, command.version, state.text_digest)
    content = {
        "agreement": drafted.agreement,
        "version": drafted.version,
        "title": drafted.title,
        "parties": drafted.parties,
        "clauses": drafted.clauses,
    }
    return (
        AgreementTextFrozen(
            agreement=command.agreement,
            version=command.version,
            text_digest=digest_of(content),
            frozen_on=command.asked.on,
            by=command.asked.actor,
            parties=drafted.parties,
        ),
    )


def approve(command: ApproveAgreement, state: Life) -> tuple[Event, ...]:
    drafted, text_digest = _frozen(command.asked, state, command.agreement, command.version)
    _check_party(command.asked, command.organisation, drafted)
    if command.asked.role == "partner" and state.frozen_by and same_person(command.asked.actor, state.frozen_by):
        raise CheckedByOneself(command.agreement, command.version)
    if command.organisation in state.approved:
        raise ApprovedAlready(command.organisation, command.agreement, command.version)
    if command.approved_on > command.asked.on:
        raise InTheFuture("An approval", command.approved_on, command.asked.on)
    return (
        AgreementApproved(
            agreement=command.agreement,
            version=command.version,
            organisation=command.organisation,
            body=command.body,
            section=command.section,
            approved_on=command.approved_on,
            by=command.asked.actor,
            text_digest=text_digest,
            parties=drafted.parties,
        ),
    )


def sign(command: SignAgreement, state: Life) -> tuple[Event, ...]:
    drafted, text_digest = _frozen(command.asked, state, command.agreement, command.version)
    _check_party(command.asked, command.organisation, drafted)
    if command.organisation not in state.approved:
        raise NotApproved(command.organisation, command.agreement, command.version)
    if command.organisation in state.signed:
        raise SignedAlready(command.organisation, command.agreement, command.version)
    if command.signed_on > command.asked.on:
        raise InTheFuture("A signature", command.signed_on, command.asked.on)
    signed = AgreementSigned(
        agreement=command.agreement,
        version=command.version,
        organisation=command.organisation,
        signed_on=command.signed_on,
        text_digest=text_digest,
        parties=drafted.parties,
    )
    if state.signed | {command.organisation} < set(drafted.parties):
        return (signed,)
    in_force = AgreementEnteredIntoForce(
        agreement=command.agreement,
        version=command.version,
        title=drafted.title,
        parties=drafted.parties,
        in_force_on=command.asked.on,
        text_digest=text_digest,
        clauses=drafted.clauses,
        units=drafted.units,
    )
    return (signed, in_force)


def _drafted(asked: Asked, state: Life, agreement: str, version: int) -> AgreementDrafted | AgreementAmended:
    # Before it is in force, only its parties can know that an agreement exists.
    if state.drafted is None or not any(asked.acts_for(party) for party in state.drafted.parties):
        raise Unknown(agreement)
    if state.drafted.version != version:
        raise NoSuchVersion(agreement, version, state.drafted.version)
    return state.drafted


def _frozen(asked: Asked, state: Life, agreement: str, version: int) -> tuple[AgreementDrafted | AgreementAmended, str]:
    drafted = _drafted(asked, state, agreement, version)
    if state.text_digest is None:
        raise NotFrozen(agreement, version)
    return drafted, state.text_digest


def _check_party(asked: Asked, organisation: str, drafted: AgreementDrafted | AgreementAmended) -> None:
    if organisation not in drafted.parties:
        raise NotAParty(organisation, drafted.agreement, drafted.parties)
    if not asked.acts_for(organisation):
        raise NotYours(asked, organisation, "answer for this party")


freeze_agreement = Decider(
    command=FreezeAgreement,
    boundary=boundary,
    initial=Life(),
    evolve=evolve,
    decide=freeze,
    may={"coordinator": None, "partner": "finance-check"},
    signed=True,
    example={"agreement": "agreement:kymenlaakso-2019", "version": 1},
)
approve_agreement = Decider(
    command=ApproveAgreement,
    boundary=boundary,
    initial=Life(),
    evolve=evolve,
    decide=approve,
    may={"coordinator": None, "partner": "finance-approve"},
    signed=True,
    example={
        "agreement": "agreement:kymenlaakso-2019",
        "version": 1,
        "organisation": "org:ekami",
        "body": "Hallitus",
        "section": "§ 12",
        "approved_on": "2019-01-08",
    },
)
sign_agreement = Decider(
    command=SignAgreement,
    boundary=boundary,
    initial=Life(),
    evolve=evolve,
    decide=sign,
    may={"coordinator": None, "partner": "finance-approve"},
    example={
        "agreement": "agreement:kymenlaakso-2019",
        "version": 1,
        "organisation": "org:ekami",
        "signed_on": "2019-01-09",
    },
)
