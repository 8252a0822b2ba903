"""Documents made of their lines: numbered, taxed and summed up as the read models do it, to the cent."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import get_args

from domain.changing import replace
from domain.money import euros, split
from domain.money.rounding import nearest_cent
from domain.words import LANGUAGES, Names
from projections.document import (
    CounterpartyTotal,
    DocumentKind,
    DocumentLine,
    Flow,
    Invoice,
    LineKind,
    Party,
    PostalAddress,
    ProjectTotal,
    StatementDocument,
    VatTotal,
    VatTreatment,
)

EXEMPT = VatTreatment(code="E", rate="0", ground="AVL 39-40 §")
AT_COST = VatTreatment(code="E", rate="0", ground="AVL 60 a §")
STANDARD = VatTreatment(code="S", rate="25.5", ground=None)
EARLIER = VatTreatment(code="S", rate="24", ground=None)
"""The general rate until the end of August 2024."""
AGREEMENT = "agreement:kymenlaakso-2019"
PERIOD = "2024-09"
DIGEST = "9f2b61c4d8a03e57b1c94a6de2f80735c4d1e6b8a92f0c7d35e81b64fa07c9d2"


def party(organisation: str, name: Names, **known: object) -> Party:
    """A partner of which all is known, save what `known` says otherwise."""
    digits = f"{sum(map(ord, organisation)) % 9_000_000 + 1_000_000}"
    given = Party(
        organisation=organisation,
        name=name,
        legal_person=name,
        business_id=f"{digits}-1",
        vat_number=f"FI{digits}1",
        address=PostalAddress(street="Esimerkkikatu 1", postal_code="48100", town="Kotka", country="FI"),
        iban="FI2112345600000785",
        bic="NDEAFIHH",
        einvoice_address=f"0037{digits}1",
        einvoice_operator="003721291126",
    )
    return replace(given, **known)  # type: ignore[arg-type]  # a test names the fields it changes


XAMK = party(
    "org:xamk",
    Names(fi="Kaakkois-Suomen Ammattikorkeakoulu Oy", en="South-Eastern Finland University of Applied Sciences"),
    business_id="2472908-2",
    vat_number="FI24729082",
    address=PostalAddress(street="Patteristonkatu 3", postal_code="50100", town="Mikkeli", country="FI"),
)
EKAMI = party(
    "org:ekami",
    Names(fi="Etelä-Kymenlaakson ammattiopisto (Ekami)"),
    legal_person=Names(fi="Kotkan-Haminan seudun koulutuskuntayhtymä"),
    business_id="1958694-5",
    vat_number="FI19586945",
)
KSAO = party(
    "org:ksao",
    Names(fi="Kouvolan seudun ammattiopisto", sv="Kouvolanejdens yrkesinstitut"),
    legal_person=Names(fi="Kouvolan kaupunki", sv="Kouvola stad"),
    business_id="0161075-9",
    vat_number=None,
    address=PostalAddress(street="Torikatu 10", postal_code="45100", town="Kouvola", country="FI"),
)
KANSALAISOPISTO = party(
    "org:kouvolan-kansalaisopisto",
    Names(fi="Kouvolan kansalaisopisto", sv="Kouvola medborgarinstitut"),
    legal_person=Names(fi="Kouvolan kaupunki", sv="Kouvola stad"),
    business_id="0161075-9",
    vat_number=None,
)
CURSOR = party("org:cursor", Names(fi="Cursor Oy"), iban=None, bic=None, address=None)


def line(
    kind: LineKind,
    counterparty: Party,
    cents: int,
    vat: VatTreatment | None = None,
    *,
    on: date = date(2024, 9, 12),
    project: str | None = None,
    text: str | None = None,
    **other: object,
) -> DocumentLine:
    """A line without a number; `text`: instead of the usual sentence, in every language."""
    supply = kind in ("share-earned", "share-owed", "correction", "true-up")
    usual = {
        "fi": f"Osaamispolun vaiheen 1 osa 1 toteutui, osuus on {euros(cents, 'fi')}: 60 % summasta {euros(cents, 'fi')}.",
        "sv": f"Del 1 av etapp 1 genomfördes, andelen är {euros(cents, 'sv')}: 60 % av {euros(cents, 'sv')}.",
        "en": f"Part 1 of step 1 was delivered, the share is {euros(cents, 'en')}: 60% of {euros(cents, 'en')}.",
    }
    given = DocumentLine(
        n=0,
        occurred_on=on,
        recorded_at=datetime(2024, 10, 1, 6, 30, tzinfo=UTC),
        kind=kind,
        counterparty=counterparty.organisation,
        counterparty_name=counterparty.name,
        cents=cents,
        vat=vat,
        vat_cents=0,
        quantity=None,
        unit=None,
        unit_cents=None,
        role="role:provider" if supply else None,
        clause="steps[1]" if supply else None,
        agreement=AGREEMENT if supply else None,
        version=2 if supply else None,
        project=project,
        pathway="pathway:p-07" if supply else None,
        step=1 if supply else None,
        part=1 if supply else None,
        entry="entry:0168f4a2-7c00-8123-9abc-0123456789ab" if supply else None,
        corrects="2024-08/7" if kind == "correction" else None,
        text=usual if text is None else dict.fromkeys(LANGUAGES, text),
        events=(4_211, 4_180, 3_977, 12) if supply else (4_302,),
    )
    return replace(given, **other)  # type: ignore[arg-type]  # a test names the fields it changes


def statement_of(
    partner: Party,
    lines: Sequence[DocumentLine],
    *,
    opening_cents: int = 0,
    network: str = "kymenlaakso",
    **other: object,
) -> StatementDocument:
    """A statement of these lines: numbered, taxes reckoned and booked as lines, every total that follows from them."""
    taxed, taxes = _taxed([replace(each, sells=_sells(each)) for each in lines])
    numbered = tuple(replace(each, n=n) for n, each in enumerate([*taxed, *taxes], start=1))
    by_counterparty: dict[str, int] = defaultdict(int)
    by_project: dict[str | None, int] = defaultdict(int)
    flows: dict[LineKind, list[int]] = defaultdict(lambda: [0, 0])
    names: dict[str, Names] = {}
    for each in numbered:
        names[each.counterparty] = each.counterparty_name
        by_counterparty[each.counterparty] += each.cents
        by_project[each.project] += each.cents
        flows[each.kind][each.cents < 0] += abs(each.cents)
    given = StatementDocument(
        network=network,
        network_name=Names(
            fi="Kymenlaakson osaamisverkosto", sv="Kymmenedalens kompetensnätverk", en="Kymenlaakso Skills Network"
        ),
        constructed=True,
        partner=partner,
        period=PERIOD,
        state="issued",
        position=4_310,
        digest=DIGEST,
        issued_on=date(2024, 10, 3),
        due_on=date(2024, 10, 24),
        agreements=(f"{AGREEMENT} v1", f"{AGREEMENT} v2"),
        opening_cents=opening_cents,
        lines=numbered,
        closing_cents=opening_cents + sum(each.cents for each in numbered),
        own_cents=123_456,
        counterparties=tuple(
            CounterpartyTotal(counterparty=c, name=names[c], cents=by_counterparty[c]) for c in sorted(by_counterparty)
        ),
        sold=_totals(each for each in taxed if _sold(each)),
        bought=_totals(each for each in taxed if _bought(each)),
        projects=tuple(
            ProjectTotal(project=p, cents=by_project[p]) for p in sorted(by_project, key=lambda p: (p is None, p or ""))
        ),
        flows=tuple(
            Flow(kind=k, in_cents=i, out_cents=o)
            for k, (i, o) in sorted(flows.items(), key=lambda f: get_args(LineKind).index(f[0]))
        ),
        invoices=("XAMK-2024-000017", "EKAMI-2024-000031"),
    )
    return replace(given, **other)  # type: ignore[arg-type]  # a test names the fields it changes


def _sold(each: DocumentLine) -> bool:
    """Whether the partner is the seller: of a correction the line that it corrects was of the other sign."""
    positive = each.cents > 0
    return each.kind in ("share-earned", "cost-share", "true-up", "correction") and positive != (
        each.kind == "correction"
    )


def _sells(each: DocumentLine) -> bool | None:
    return _sold(each) if _sold(each) or _bought(each) else None


def _bought(each: DocumentLine) -> bool:
    return each.kind in ("share-owed", "cost-share", "true-up", "correction") and not _sold(each)


def _tax_of(base_cents: int, treatment: VatTreatment | None) -> int:
    return nearest_cent(Fraction(base_cents) * Fraction(treatment.rate) / 100) if treatment else 0


def _taxed(lines: Sequence[DocumentLine]) -> tuple[list[DocumentLine], list[DocumentLine]]:
    """The lines with their parts of the tax, and a tax line per counterparty, direction and rate."""
    groups: dict[tuple[str, bool, str], list[int]] = defaultdict(list)
    for at, each in enumerate(lines):
        if each.vat and each.vat.rate != "0":
            groups[each.counterparty, _sold(each), each.vat.rate].append(at)
    taxed, taxes = list(lines), []
    for (_, sells, rate), places in sorted(groups.items()):
        first = lines[places[0]]
        tax = _tax_of(sum(lines[at].cents for at in places), first.vat)
        parts = [_tax_of(lines[at].cents, first.vat) for at in places]
        parts[-1] += tax - sum(parts)
        for at, part in zip(places, parts, strict=True):
            taxed[at] = replace(lines[at], vat_cents=part)
        if tax:
            wording = {
                "fi": f"Arvonlisävero {rate.replace('.', ',')} % {len(places)} rivistä.",
                "sv": f"Moms {rate.replace('.', ',')} % på {len(places)} rader.",
                "en": f"VAT {rate}% on {len(places)} lines.",
            }
            whom = replace(XAMK, organisation=first.counterparty, name=first.counterparty_name)
            taxes.append(replace(line("vat", whom, tax, first.vat, on=date(2024, 9, 30), sells=sells), text=wording))
    return taxed, taxes


def _totals(lines: Iterable[DocumentLine]) -> tuple[VatTotal, ...]:
    found: dict[VatTreatment | None, list[DocumentLine]] = defaultdict(list)
    for each in lines:
        found[each.vat].append(each)
    key = lambda t: (t is None, t.code if t else "", t.rate if t else "", (t.ground or "") if t else "")  # noqa: E731  # one order, said once
    return tuple(
        VatTotal(treatment=t, base_cents=sum(x.cents for x in found[t]), vat_cents=sum(x.vat_cents for x in found[t]))
        for t in sorted(found, key=key)
    )


def invoice_of(
    seller: Party,
    buyer: Party,
    lines: Sequence[DocumentLine],
    *,
    kind: DocumentKind = "invoice",
    number: str = "EKAMI-2024-000031",
    **other: object,
) -> Invoice:
    """A document of these lines, signed from the seller's side; each treatment taxed once on its sum."""
    groups: dict[VatTreatment | None, list[int]] = defaultdict(list)
    for at, each in enumerate(lines):
        groups[each.vat].append(at)
    taxed = list(lines)
    for treatment, places in groups.items():
        tax = 0 if kind == "internal-voucher" else _tax_of(sum(lines[at].cents for at in places), treatment)
        parts = split(tax, {f"{at:06}": abs(lines[at].cents) or 1 for at in places})
        for at in places:
            taxed[at] = replace(lines[at], vat_cents=parts[f"{at:06}"], sells=True)
    numbered = tuple(replace(each, n=n) for n, each in enumerate(taxed, start=1))
    net, vat = sum(x.cents for x in numbered), sum(x.vat_cents for x in numbered)
    given = Invoice(
        network="kymenlaakso",
        network_name=Names(
            fi="Kymenlaakson osaamisverkosto", sv="Kymmenedalens kompetensnätverk", en="Kymenlaakso Skills Network"
        ),
        constructed=True,
        kind=kind,
        number=number,
        self_billed=False,
        seller=seller,
        buyer=buyer,
        period=PERIOD,
        delivered_from=min(each.occurred_on for each in numbered),
        delivered_to=max(each.occurred_on for each in numbered),
        issued_on=date(2024, 10, 3),
        due_on=date(2024, 10, 24),
        agreements=(f"{AGREEMENT} v2",),
        credits=(),
        lines=numbered,
        totals=_totals(numbered),
        net_cents=net,
        vat_cents=vat,
        gross_cents=net + vat,
        reference=None if kind == "internal-voucher" else "1234561",
    )
    return replace(given, **other)  # type: ignore[arg-type]  # a test names the fields it changes
