"""Decide how what a partner supplies under an agreement is taxed, from a day of delivery on."""

from datetime import date
from fractions import Fraction

from domain.agreements.events import AgreementEnteredIntoForce, Clauses
from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, NotYours, Refused, Unknown, Value, facts
from domain.money import clauses_of, decimal_text
from domain.vat.events import VatTreatmentDecided
from domain.words import AgreementId, Line, Organisation, VatCode, VatRate

Seen = AgreementEnteredIntoForce | VatTreatmentDecided
TAXED = "S"


class DecideVatTreatment(Command, frozen=True):
    """Decide how a seller's supplies under an agreement are taxed, from a day of delivery on.

    The seller of a share of revenue is the partner whose share it is; of divided costs the partner that paid them. `clause`
    narrows it to one clause and all below it (`steps[1]`, or `costs.web-service` for a cost key); without it every clause is
    meant. `code` is one of UNCL 5305: `S` with a rate above 0 alone, every other with the rate 0 and the `ground` that an invoice
    has to name, such as "AVL 39-40 §". It counts for what is booked from now on; what is booked already keeps its rate, also when it is
    corrected.
    """

    seller: Organisation
    """The organisation that supplies: of revenue the one whose share it is, of costs the one that paid them."""
    agreement: AgreementId
    """The agreement under which it supplies."""
    code: VatCode
    rate: VatRate
    """Above 0 with `S`, else 0."""
    valid_from: date
    """The first day of delivery for which it holds, in Helsinki."""
    decided_by: Line
    """The body or officer that decided, by office, not by name."""
    clause: Line | None = None
    """The path of the clause that it is for, with all below it: `steps[1]`, `costs.web-service`; null: every clause."""
    ground: Line | None = None
    """Why no tax is added, as an invoice has to say: the section of the law; null with `S`."""


class NoSuchClause(Refused):
    def __init__(self, agreement: str, clause: str) -> None:
        super().__init__(
            f"{agreement} has no clause {clause}; name one of its sharing rule, such as steps[0], or a cost key as costs.NAME."
        )


class RateAndCode(Refused):
    def __init__(self, code: str, rate: str) -> None:
        super().__init__(
            f"The code {code} with the rate {rate} is no treatment: S has a rate above 0, and every other code the rate 0."
        )


class NoGround(Refused):
    def __init__(self, code: str) -> None:
        super().__init__(f"The code {code} needs its ground, which invoices have to name, such as AVL 39-40 §.")


class GroundOfTaxed(Refused):
    """Two grounds of one rate would be two lines of tax on one document, rounded apart."""

    def __init__(self, ground: str) -> None:
        super().__init__(f"The code S adds tax by its rate alone; leave the ground {ground} out.")


class NotAParty(Refused):
    def __init__(self, seller: str, agreement: str) -> None:
        super().__init__(f"{seller} is no party to {agreement} and supplies nothing under it.")


class DecidedAlready(Refused):
    def __init__(self, treatment: str) -> None:
        super().__init__(f"The same is decided already, by {treatment}.")


class Deciding(Value, frozen=True):
    clauses: tuple[Clauses, ...] = ()
    """Of every version that was ever in force."""
    parties: frozenset[str] = frozenset()
    decided: tuple[VatTreatmentDecided, ...] = ()


def boundary(command: DecideVatTreatment) -> Boundary:
    return (facts(AgreementEnteredIntoForce, VatTreatmentDecided, about=command.agreement),)


def evolve(state: Deciding, event: Seen) -> Deciding:
    match event:
        case AgreementEnteredIntoForce():
            return replace(
                state, clauses=(*state.clauses, event.clauses), parties=state.parties | frozenset(event.parties)
            )
        case VatTreatmentDecided():
            return replace(state, decided=(*state.decided, event))


def decide(command: DecideVatTreatment, state: Deciding) -> tuple[Event, ...]:
    if not state.clauses:
        raise Unknown(f"{command.agreement} in force")
    if command.seller not in state.parties:
        raise NotAParty(command.seller, command.agreement)
    if not command.asked.acts_for(command.seller):
        raise NotYours(command.asked, command.seller, "decide how its supplies are taxed")
    if command.clause is not None and command.clause not in {path for c in state.clauses for path in _paths(c)}:
        raise NoSuchClause(command.agreement, command.clause)
    if (command.code == TAXED) is (Fraction(command.rate) == 0):
        raise RateAndCode(command.code, command.rate)
    if command.code != TAXED and command.ground is None:
        raise NoGround(command.code)
    if command.code == TAXED and command.ground is not None:
        raise GroundOfTaxed(command.ground)
    wanted = VatTreatmentDecided(
        treatment=command.asked.new("treatment"),
        seller=command.seller,
        agreement=command.agreement,
        clause=command.clause,
        code=command.code,
        rate=decimal_text(Fraction(command.rate)),  # 24.0 is 24: what has one rate is taxed together
        ground=command.ground,
        valid_from=command.valid_from,
        decided_by=command.decided_by,
        by=command.asked.actor,
        decided_on=command.asked.on,
    )
    _check_new(wanted, state)
    return (wanted,)


def _paths(clauses: Clauses) -> frozenset[str]:
    rule = clauses.sharing_rule
    shares = {path for path, _ in clauses_of(rule)} if rule else set()
    return frozenset(shares | {f"costs.{key.name}" for key in clauses.cost_keys})


def _check_new(wanted: VatTreatmentDecided, state: Deciding) -> None:
    """What is decided twice would have two grounds for one rate."""
    same = [
        d
        for d in state.decided
        if (d.seller, d.clause, d.valid_from) == (wanted.seller, wanted.clause, wanted.valid_from)
    ]
    if same and (same[-1].code, same[-1].rate, same[-1].ground) == (wanted.code, wanted.rate, wanted.ground):
        raise DecidedAlready(same[-1].treatment)


decide_vat_treatment = Decider(
    command=DecideVatTreatment,
    boundary=boundary,
    initial=Deciding(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "finance-approve"},
    example={
        "seller": "org:ekami",
        "agreement": "agreement:kymenlaakso-2019",
        "code": "E",
        "rate": "0",
        "ground": "AVL 39-40 §",
        "valid_from": "2019-01-01",
        "decided_by": "Talousjohtaja",
    },
)
