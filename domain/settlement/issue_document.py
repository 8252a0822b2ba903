"""Issue an invoice, a credit note or an internal voucher: it gets the next number of its issuer's series, without a gap."""

from datetime import timedelta

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, Refused, Unknown, Value, facts
from domain.money.references import viite
from domain.network.events import OrganisationRegistered
from domain.settlement.events import DocumentIssued, DocumentVat, PeriodClosed
from domain.words import Cents, DocumentId, Number, Organisation, Period

Seen = PeriodClosed | DocumentIssued | OrganisationRegistered

DOCUMENTS_MAX = 99_999
"""Of one series, so that no two documents that are paid on one account have one reference."""


class IssueDocument(Command, frozen=True):
    """Issue what one partner invoices another for a closed period. Sent by the network itself.

    `internal`: both are units of one legal person, so it is a voucher without tax and payment. A negative total makes it a credit
    note, which names the documents it gives back from. `netted`: its sum goes into the payments of the network's settlement, so it
    asks for none of its own and has no reference.
    """

    seller: Organisation
    buyer: Organisation
    period: Period
    position: int
    self_billed: bool
    internal: bool
    credits: tuple[DocumentId, ...]
    vat: tuple[DocumentVat, ...]
    net_cents: Cents
    gross_cents: Cents
    payment_days: Number
    netted: bool = False


class IssuedAlready(Refused):
    def __init__(self, seller: str, buyer: str, period: str, document: str) -> None:
        super().__init__(f"What {seller} invoices {buyer} for {period} is issued already, as {document}.")


class PeriodIsOpen(Refused):
    def __init__(self, period: str) -> None:
        super().__init__(f"{period} is not closed; its documents are issued after the closing.")


class WrongSum(Refused):
    def __init__(self, what: str, sums: int, given: int) -> None:
        super().__init__(f"The {what} by treatment sums to {sums} cents, and {given} cents are given.")


class SeriesIsFull(Refused):
    def __init__(self, issuer: str, period: str) -> None:
        super().__init__(
            f"{issuer} has issued {DOCUMENTS_MAX} documents for {period}, and references tell no more apart; what is left is "
            "paid by the statement."
        )


class Series(Value, frozen=True):
    closed: bool = False
    last: int = 0
    """The newest number of the series."""
    issued: tuple[tuple[str, str, str], ...] = ()
    """Seller, buyer and id of its documents."""
    register: tuple[str, ...] = ()
    """Every organisation, in the order of the log: its place is its number, for ever."""
    units: frozenset[str] = frozenset()
    """Those that are part of a legal person, on whose account they may be paid."""


def series_of(issuer: str, period: str) -> str:
    """One series for each issuer and month: no decision reads more than a month's documents."""
    return f"series:{issuer.removeprefix('org:')}.{period}"


def _series(command: IssueDocument) -> str:
    return series_of(command.buyer if command.self_billed else command.seller, command.period)


def boundary(command: IssueDocument) -> Boundary:
    return (
        facts(DocumentIssued, about=_series(command)),
        facts(PeriodClosed, about=f"period:{command.period}"),
        facts(OrganisationRegistered),
    )


def evolve(state: Series, event: Seen) -> Series:
    match event:
        case PeriodClosed():
            return replace(state, closed=True)
        case DocumentIssued():
            issued = (event.seller, event.buyer, event.document)
            return replace(state, last=event.number, issued=(*state.issued, issued))
        case OrganisationRegistered(organisation=organisation):
            units = state.units | {organisation} if event.unit_of else state.units
            return replace(state, register=(*state.register, organisation), units=units)


def decide(command: IssueDocument, state: Series) -> tuple[Event, ...]:
    if not state.closed:
        raise PeriodIsOpen(command.period)
    for seller, buyer, document in state.issued:
        if (seller, buyer) == (command.seller, command.buyer):
            raise IssuedAlready(seller, buyer, command.period, document)
    base, tax = sum(v.base_cents for v in command.vat), sum(v.vat_cents for v in command.vat)
    if base != command.net_cents:
        raise WrongSum("base", base, command.net_cents)
    if base + tax != command.gross_cents:
        raise WrongSum("gross", base + tax, command.gross_cents)
    number = state.last + 1
    paid = not command.internal and not command.netted and command.gross_cents > 0
    return (
        DocumentIssued(
            document=command.asked.new("document"),
            series=_series(command),
            number=number,
            kind="internal-voucher" if command.internal else "credit-note" if command.gross_cents < 0 else "invoice",
            self_billed=command.self_billed,
            seller=command.seller,
            buyer=command.buyer,
            period=command.period,
            position=command.position,
            credits=command.credits,
            vat=command.vat,
            net_cents=command.net_cents,
            gross_cents=command.gross_cents,
            reference=_reference(command, state, number) if paid else None,
            issued_on=command.asked.on,
            due_on=command.asked.on + timedelta(days=command.payment_days),
            parties=tuple(sorted({command.seller, command.buyer})),
        ),
    )


def _reference(command: IssueDocument, state: Series, number: int) -> str:
    """The viite by which a payment is recognised: month and number of the document, as in 201903 00007.

    On one account sums of several series may come in: the seller's own, those of the buyers who issue for it, those of the units
    of its legal person. So where the issuer is not the legal person that is paid, its number in the register stands between:
    201903 12 00007. The month has six digits and the document's number five, so what lies between is read one way only, and no
    two references of an account are alike; what was issued before keeps its own, which may be the seller's.
    """
    issuer = command.buyer if command.self_billed else command.seller
    if number > DOCUMENTS_MAX:
        raise SeriesIsFull(issuer, command.period)
    between = ""
    if command.self_billed or issuer in state.units:
        if issuer not in state.register:
            raise Unknown(issuer)
        between = f"{state.register.index(issuer) + 1}"
    return viite(int(f"{command.period.replace('-', '')}{between}{number:05}"))


issue_document = Decider(
    command=IssueDocument,
    boundary=boundary,
    initial=Series(),
    evolve=evolve,
    decide=decide,
    may={"policy": None},
    example={
        "seller": "org:ekami",
        "buyer": "org:xamk",
        "period": "2019-03",
        "position": 812,
        "self_billed": False,
        "internal": False,
        "credits": [],
        "vat": [{"code": "S", "rate": "24", "ground": None, "base_cents": 10000, "vat_cents": 2400}],
        "net_cents": 10000,
        "gross_cents": 12400,
        "payment_days": 14,
        "netted": False,
    },
)
