"""What documents need beside the lines: who the parties are, which documents were issued, on which accounts they are booked."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

from msgspec import Struct

from domain.agreements.events import AgreementEnteredIntoForce, UnitOf
from domain.changing import replace
from domain.network.events import (
    Address,
    BillingDetailsSet,
    NetworkFounded,
    OrganisationRegistered,
    OrganisationRenamed,
)
from domain.settlement.events import AccountsSet, DocumentIssued, DocumentVat, PostingAccount
from domain.words import Names
from projections.document import Party, PostalAddress
from projections.rows import At, Entry, Key, Latest, Projection, Row, Rows, each, facts_of

Seen = (
    NetworkFounded
    | OrganisationRegistered
    | OrganisationRenamed
    | BillingDetailsSet
    | AgreementEnteredIntoForce
    | DocumentIssued
    | AccountsSet
)


NettingMode = Literal["gross", "pairwise", "multilateral", "clearing"]


class NetworkName(Row, frozen=True):
    one: Key[str] = "network"
    network: str = ""
    name: Names | None = None
    constructed: bool = False


class Member(Row, frozen=True):
    """An organisation as documents name it."""

    organisation: Key[str]
    name: Names | None = None
    business_id: str | None = None
    unit_of: str | None = None
    address: Address | None = None
    vat_number: str | None = None
    iban: str | None = None
    bic: str | None = None
    einvoice_address: str | None = None
    einvoice_operator: str | None = None


class Invoicing(Row, frozen=True):
    """What a version in force says of invoices."""

    agreement: Key[str]
    version: Key[int]
    self_billing: tuple[str, ...] = ()
    payment_days: int = 14
    units: tuple[UnitOf, ...] = ()
    netting: NettingMode = "gross"


class IssuedDocument(Entry, frozen=True):
    """A document that has its number and figures; the seller's side and the buyer's find it."""

    partner: Key[str]
    period: Key[str]
    document: Key[str]
    position: int
    series: str
    number: int
    kind: str
    self_billed: bool
    seller: str
    buyer: str
    cut: int
    credits: tuple[str, ...]
    vat: tuple[DocumentVat, ...]
    net_cents: int
    gross_cents: int
    reference: str | None
    issued_on: date
    due_on: date

    @property
    def shown(self) -> str:
        """The number as documents print it: `2019-11/7`."""
        return shown(self.series, self.number)

    @property
    def netted(self) -> bool:
        """Whether its sum is paid with the network's settlement: by itself it asks for no payment, so it has no reference."""
        return self.kind == "invoice" and self.gross_cents > 0 and self.reference is None

    @property
    def issuer(self) -> str:
        return self.buyer if self.self_billed else self.seller


class Numbered(Entry, frozen=True):
    """The number under which a document is printed, and who finds it."""

    document: Key[str]
    seller: str
    buyer: str
    period: str
    shown: str


class PostingAccounts(Row, frozen=True):
    """On which accounts of its own books a partner's lines go."""

    organisation: Key[str]
    accounts: tuple[PostingAccount, ...] = ()


Change = NetworkName | Member | Invoicing | IssuedDocument | Numbered | PostingAccounts


def fold(rows: Latest, fact: Seen, at: At) -> Iterable[Change]:
    match fact:
        case NetworkFounded():
            yield NetworkName(network=fact.network, name=fact.name, constructed=fact.constructed)
        case OrganisationRegistered():
            member = rows.latest(Member(fact.organisation))
            yield replace(member, name=fact.name, business_id=fact.business_id, unit_of=fact.unit_of)
        case OrganisationRenamed():
            yield replace(rows.latest(Member(fact.organisation)), name=fact.name)
        case BillingDetailsSet():
            yield replace(
                rows.latest(Member(fact.organisation)),
                address=fact.address,
                vat_number=fact.vat_number,
                iban=fact.iban,
                bic=fact.bic,
                einvoice_address=fact.einvoice_address,
                einvoice_operator=fact.einvoice_operator,
            )
        case AgreementEnteredIntoForce():
            clauses = fact.clauses
            yield Invoicing(
                agreement=fact.agreement,
                version=fact.version,
                self_billing=clauses.self_billing,
                payment_days=clauses.payment_days,
                units=fact.units,
                netting=clauses.netting.mode,
            )
        case AccountsSet():
            yield PostingAccounts(fact.organisation, fact.accounts)
        case DocumentIssued():
            yield Numbered(fact.document, fact.seller, fact.buyer, fact.period, shown(fact.series, fact.number))
            yield _issued(fact, fact.seller, at)
            yield _issued(fact, fact.buyer, at)


def shown(series: str, number: int) -> str:
    """A document's number as it is printed: the month of its series and its place there."""
    return f"{series.rpartition('.')[2]}/{number}"


def _issued(fact: DocumentIssued, partner: str, at: At) -> IssuedDocument:
    return IssuedDocument(
        partner=partner,
        period=fact.period,
        document=fact.document,
        position=at.position,
        series=fact.series,
        number=fact.number,
        kind=fact.kind,
        self_billed=fact.self_billed,
        seller=fact.seller,
        buyer=fact.buyer,
        cut=fact.position,
        credits=fact.credits,
        vat=fact.vat,
        net_cents=fact.net_cents,
        gross_cents=fact.gross_cents,
        reference=fact.reference,
        issued_on=fact.issued_on,
        due_on=fact.due_on,
    )


# --- questions -------------------------------------------------------------------------------------------------------
class Directory(Struct, frozen=True):
    """Who is named on documents, and in which network."""

    network: NetworkName
    members: dict[str, Member]

    def party(self, organisation: str) -> Party:
        """An organisation as documents name it; a unit has of its legal person what it does not have of its own."""
        unknown = Member(organisation, name=Names(fi=organisation))
        own = self.members.get(organisation, unknown)
        person = self.members.get(own.unit_of or "", own)
        name = own.name or Names(fi=organisation)
        address = own.address or person.address
        return Party(
            organisation=organisation,
            name=name,
            legal_person=person.name or name,
            business_id=own.business_id or person.business_id,
            vat_number=own.vat_number or person.vat_number,
            address=None
            if address is None
            else PostalAddress(
                street=address.street, postal_code=address.postal_code, town=address.town, country=address.country
            ),
            iban=own.iban or person.iban,
            bic=own.bic if own.iban else person.bic,
            einvoice_address=own.einvoice_address or person.einvoice_address,
            einvoice_operator=own.einvoice_operator or person.einvoice_operator,
        )

    def legal_person(self, organisation: str) -> str:
        member = self.members.get(organisation)
        return (member.unit_of if member else None) or organisation


def directory(rows: Rows) -> Directory:
    """Everybody there is; they are few."""
    network = next(iter(rows.under(NetworkName)), NetworkName())
    return Directory(network, {m.organisation: m for m in rows.under(Member)})


def issued_documents(rows: Rows, partner: str, period: str) -> Sequence[IssuedDocument]:
    """The documents of a partner's period, as seller and as buyer, in order of series and number."""
    found = rows.under(IssuedDocument, partner, period)
    return sorted(found, key=lambda d: (d.series, d.number))


def document_of(rows: Rows, document: str) -> IssuedDocument | None:
    """A document by its id."""
    numbered = next(iter(rows.under(Numbered, document)), None)
    if numbered is None:
        return None
    found = rows.under(IssuedDocument, numbered.seller, numbered.period, document)
    return next(iter(found), None)


def numbered(rows: Rows, documents: Iterable[str]) -> dict[str, Numbered]:
    """The printed numbers of documents, each with its month."""
    found = [(document, rows.under(Numbered, document)) for document in documents]
    return {document: each[0] for document, each in found if each}


def accounts_of(rows: Rows, organisation: str) -> tuple[PostingAccount, ...]:
    """The posting accounts of a partner, as it set them last."""
    return next((each.accounts for each in rows.under(PostingAccounts, organisation)), ())


documents = Projection(
    "documents",
    each(fold),
    (NetworkName, Member, Invoicing, IssuedDocument, Numbered, PostingAccounts),
    facts_of(Seen),
)
