"""Documents as a network has them: every kind of line and mark, nothing at all, very much, and texts that are hard to print."""

from datetime import date
from typing import Any

from domain.changing import replace
from domain.words import Names
from projections.document import CorrectedStatement, Invoice, StatementDocument
from tests.documents.making import (
    AGREEMENT,
    AT_COST,
    CURSOR,
    DIGEST,
    EARLIER,
    EKAMI,
    EXEMPT,
    KANSALAISOPISTO,
    KSAO,
    PERIOD,
    STANDARD,
    XAMK,
    invoice_of,
    line,
    party,
    statement_of,
)

__all__ = [
    "AGREEMENT",
    "AT_COST",
    "CURSOR",
    "DIGEST",
    "EARLIER",
    "EKAMI",
    "EXEMPT",
    "HOSTILE",
    "INVOICES",
    "KANSALAISOPISTO",
    "KSAO",
    "LETTERS",
    "LONG",
    "PERIOD",
    "STANDARD",
    "STATEMENTS",
    "XAMK",
    "credit_note",
    "credit_of_statement",
    "empty_statement",
    "full_statement",
    "hostile_statement",
    "internal_voucher",
    "invoice",
    "invoice_of",
    "line",
    "long_statement",
    "netted_invoice",
    "owing_statement",
    "party",
    "self_billed",
    "statement_of",
]


def full_statement() -> StatementDocument:
    """Three counterparties, every kind of line, two rates and exempt, projects and none, a balance from before."""
    credits_: dict[str, Any] = {"quantity": "2.5", "unit": "credit", "unit_cents": 5_000, "clause": "steps[2]"}
    return statement_of(
        XAMK,
        [
            line("share-earned", EKAMI, 181_818, EXEMPT, project="S20967", on=date(2024, 9, 3)),
            line("share-earned", EKAMI, 12_500, STANDARD, on=date(2024, 9, 5), **credits_),
            line("share-earned", KSAO, 1_234_567, EARLIER, on=date(2024, 8, 29)),
            line("share-owed", KSAO, -45_454, EXEMPT, project="S20967", on=date(2024, 9, 9)),
            line(
                "share-owed", CURSOR, -33_333, STANDARD, on=date(2024, 9, 12), role="role:referrer", clause="steps[0]"
            ),
            line("cost-share", CURSOR, -30_000, AT_COST, on=date(2024, 9, 15)),
            line("cost-share", EKAMI, 30_000, AT_COST, on=date(2024, 9, 15)),
            line("correction", EKAMI, -20_000, EXEMPT, project="S20967", on=date(2024, 9, 17)),
            line("true-up", KSAO, 1, EXEMPT, on=date(2024, 9, 30)),
            line("share-earned", KSAO, 8_017, None, on=date(2024, 9, 21), project="KOKKA"),
            line("set-off", KSAO, -45_454, on=date(2024, 9, 24)),
            line("payment", EKAMI, -150_000, on=date(2024, 9, 25)),
            line("payment", CURSOR, 25_000, on=date(2024, 9, 26)),
        ],
        opening_cents=125_000,
    )


def owing_statement() -> StatementDocument:
    """A partner that has to pay."""
    return statement_of(
        EKAMI,
        [
            line("share-owed", XAMK, -181_818, EXEMPT, project="S20967"),
            line("share-owed", XAMK, -12_500, STANDARD),
            line("payment", XAMK, 50_000),
        ],
        opening_cents=-2_500,
        constructed=False,
    )


def empty_statement() -> StatementDocument:
    """Of a period in which nothing happened; it is open, so it has no digest and no days."""
    return statement_of(
        CURSOR,
        [],
        state="open",
        digest=None,
        issued_on=None,
        due_on=None,
        agreements=(),
        own_cents=0,
        invoices=(),
        constructed=False,
    )


def long_statement(count: int = 10_000) -> StatementDocument:
    """So many lines with three counterparties."""
    others = (EKAMI, KSAO, CURSOR)
    rates = (EXEMPT, STANDARD, EARLIER)
    lines = [
        line(
            "share-owed" if n % 4 == 0 else "share-earned",
            others[n % 3],
            (-1 if n % 4 == 0 else 1) * (1_000 + n * 37 % 99_991),
            rates[n % 3],
            on=date(2024, 9, 1 + n % 30),
            project="S20967" if n % 2 else None,
        )
        for n in range(count)
    ]
    return statement_of(XAMK, lines)


HOSTILE = '#panic("markup") $x^2$ *bold* _thin_ [box] @reference <label> `raw` \\ // /* */ = - + ~ "quoted" \'single\' {{}} % & ; , \u2212 https://example.org'
"""Every character that means something in a markup, a spreadsheet or a table."""
LETTERS = "ÅÄÖ åäö Šž ß é ü Ø æ € § \u00d7 … \u2013 “lainaus” ”citat”"
LONG = Names(
    fi="Kymenlaakson jatkuvan oppimisen ja työelämäpalveluiden kehittämisyhtiöiden ylimaakunnallinen yhteistyöyhdistys ry",
    sv="Kymmenedalens landskapsöverskridande samarbetsförening för kontinuerligt lärande och arbetslivstjänster rf",
    en="Cross-regional Association for Continuous Learning and Working-life Development Companies of Kymenlaakso",
)


def hostile_statement() -> StatementDocument:
    """Names that are long, letters of the north, and texts that look like markup or formulas."""
    long = party("org:kymenlaakson-jatkuvan-oppimisen-yhteistyoyhdistys", LONG)
    marked = party("org:marked", Names(fi=HOSTILE[:150], en='=HYPERLINK("x")'))
    lettered = party("org:lettered", Names(fi=LETTERS, sv="+46 Ångström & Co <AB>"))
    return statement_of(
        long,
        [
            line("share-earned", marked, 900_719_925_474, STANDARD, text=HOSTILE, project="A#1-*x*"),
            line("share-owed", lettered, -900_719_925_474, EXEMPT, text=LETTERS),
            line("share-earned", long, 1, EXEMPT, text="=1+1"),
            line("share-earned", marked, 99, STANDARD, text="@SUM(A1) " + "Sanahirviö" * 30),
        ],
    )


def invoice() -> Invoice:
    """Two rates and exempt, a quantity with its price."""
    return invoice_of(
        EKAMI,
        XAMK,
        [
            line("share-earned", XAMK, 181_818, EXEMPT, project="S20967", on=date(2024, 9, 3)),
            line("share-earned", XAMK, 12_500, STANDARD, quantity="2.5", unit="credit", unit_cents=5_000),
            line("share-earned", XAMK, 3_333, STANDARD, on=date(2024, 9, 19)),
            line("share-earned", XAMK, 99_999, EARLIER, on=date(2024, 8, 29)),
        ],
    )


def netted_invoice() -> Invoice:
    """Its sum is in the payments of the network's settlement."""
    return replace(invoice(), reference=None, netted=True)


def self_billed() -> Invoice:
    """The buyer writes it for the seller; a seller whose account is not known."""
    return invoice_of(
        CURSOR,
        XAMK,
        [line("share-earned", XAMK, 33_333, STANDARD)],
        number="XAMK-I-2024-000004",
        self_billed=True,
        constructed=False,
    )


def credit_note() -> Invoice:
    """More was given back than earned."""
    return invoice_of(
        EKAMI,
        XAMK,
        [
            line("correction", XAMK, -20_000, STANDARD, on=date(2024, 9, 17)),
            line("correction", XAMK, -1_818, EXEMPT, on=date(2024, 9, 18), project="S20967"),
        ],
        kind="credit-note",
        number="EKAMI-2024-000032",
        credits=("EKAMI-2024-000019", "EKAMI-2024-000027"),
    )


def credit_of_statement() -> Invoice:
    """Of what it gives back there was no document: it names the statement."""
    corrected = CorrectedStatement(statement="statement:ekami.2024-08", period="2024-08", digest=DIGEST)
    return replace(credit_note(), credits=(), corrects=(corrected,))


def internal_voucher() -> Invoice:
    """Between two units of one city."""
    return invoice_of(
        KANSALAISOPISTO,
        KSAO,
        [line("share-earned", KSAO, 64_000, None), line("cost-share", KSAO, 1_250, None, on=date(2024, 9, 30))],
        kind="internal-voucher",
        number="KOUVOLA-S-2024-000002",
    )


STATEMENTS = {
    "full": full_statement,
    "owing": owing_statement,
    "empty": empty_statement,
    "hostile": hostile_statement,
}
INVOICES = {
    "invoice": invoice,
    "netted": netted_invoice,
    "self-billed": self_billed,
    "credit-note": credit_note,
    "credit-of-statement": credit_of_statement,
    "internal-voucher": internal_voucher,
}
