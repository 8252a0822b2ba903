"""What a statement's PDF says: the closing balance first, then of whom, then every line, then the totals."""

from collections.abc import Sequence

from adapters.documents.typst.parts import (
    NO_SUPPLY,
    Content,
    agreements,
    facts,
    in_euro,
    ledger,
    party,
    plain,
    sheet,
    taxes,
)
from adapters.documents.words import word
from adapters.documents.writing import amount, day, figure, month, numbers
from domain.money import Language
from projections.document import Flow, StatementDocument

SHOWN_ABOVE = 6
"""Counterparties beside the closing balance; all of them stand in the totals."""
PARTS = 1_000
"""A bar's length is counted in thousandths of the longest."""
COLUMNS = ("column.vat-rate", "column.net", "column.vat", "column.gross", "column.balance")


def content(document: StatementDocument, language: Language) -> Content:
    name = plain(document.partner.name.best(language))
    period = month(document.period, language)
    heading = word("document.statement", language)
    foot = [word("notice.prove", language).format(position=document.position)]
    if document.digest:
        foot.append(f"{word('head.digest', language)} {document.digest}")
    given: dict[str, str | None] = {
        "head.period": period,
        "head.state": word(f"state.{document.state}", language),
        "head.issued-on": day(document.issued_on, language) if document.issued_on else None,
        "head.due-on": day(document.due_on, language) if document.due_on else None,
        "head.agreement": agreements(document.agreements),
        "head.invoices": ", ".join(numbers(document, language)),
        "head.position": str(document.position),
    }
    said = ("notice.exact", "notice.balance", "balance.sign", "notice.codes", "notice.vat-codes")
    notes = [word(each, language) for each in said]
    own = f"{word('total.own', language)}: {amount(document.own_cents, language)}"
    return {
        **sheet(document, language, title=f"{heading}: {name}, {period}", foot=foot),
        "name": heading,
        "subtitle": f"{name}, {period}",
        "marks": _marks(document, language),
        "hero": _hero(document, name, language),
        "blocks": [
            party(document.partner, word("head.partner", language), language, account=True),
            facts(word("head.network", language), document.network_name.best(language), given, language),
        ],
        "chart": _chart(document.flows, language) if document.flows else None,
        "lines_title": word("document.sheet.lines", language),
        "lines": _lines(document, language),
        "notes": notes if document.lines else [word("notice.no-lines", language)],
        "balances": _balances(document, language),
        "taxes": _taxes(document, language),
        "own": [own] if document.own_cents else [],
    }


def _marks(document: StatementDocument, language: Language) -> list[str]:
    marks = [word("notice.not-closed", language)] if document.state == "open" else []
    if document.as_of is not None:
        marks.append(word("notice.as-of", language).format(position=document.as_of))
    return marks


def _hero(document: StatementDocument, name: str, language: Language) -> Content:
    cents = document.closing_cents
    says = "balance.due-to" if cents > 0 else "balance.owed-by" if cents < 0 else "balance.even"
    largest = sorted(document.counterparties, key=lambda c: (-abs(c.cents), c.counterparty))
    shown, others = largest[:SHOWN_ABOVE], largest[SHOWN_ABOVE:]
    if len(others) == 1:
        shown, others = largest, []
    rows = [(word("total.opening", language), document.opening_cents)]
    # Payments made and set-offs are among the lines with each: who pays is said of the closing balance alone.
    rows += [
        (word("balance.with", language).format(party=plain(each.name.best(language))), each.cents) for each in shown
    ]
    if others:
        rows.append((word("balance.with-others", language).format(count=len(others)), sum(c.cents for c in others)))
    due = [f"{word('head.due-on', language)} {day(document.due_on, language)}"] if document.due_on and cents else []
    return {
        "label": word("total.closing", language),
        "amount": amount(cents, language),
        "sentence": word(says, language).format(partner=name),
        "notes": due,
        "rows": [
            *({"label": label, "amount": amount(c, language), "strong": False} for label, c in rows),
            {"label": word("total.closing", language), "amount": amount(cents, language), "strong": True},
        ],
    }


def _chart(flows: Sequence[Flow], language: Language) -> Content:
    longest = max(1, *(f.in_cents for f in flows), *(f.out_cents for f in flows))
    told = [
        word("detail.flow", language).format(
            kind=word(f"kind.{f.kind}", language),
            added=amount(f.in_cents, language),
            taken=amount(f.out_cents, language),
        )
        for f in flows
    ]
    return {
        "title": word("total.flows", language),
        "into": word("column.in", language),
        "out": word("column.out", language),
        "in_longest": max(PARTS // 10, *(_share(f.in_cents, longest) for f in flows)),
        "out_longest": max(PARTS // 10, *(_share(f.out_cents, longest) for f in flows)),
        "alt": word("detail.flows", language).format(flows=" ".join(told)),
        "bars": [
            {
                "label": word(f"kind.{f.kind}", language),
                "into": amount(f.in_cents, language) if f.in_cents else "",
                "out": amount(f.out_cents, language) if f.out_cents else "",
                "in_share": _share(f.in_cents, longest),
                "out_share": _share(f.out_cents, longest),
            }
            for f in flows
        ],
    }


def _share(cents: int, longest: int) -> int:
    """In thousandths; what is not nothing is seen."""
    return max(cents * PARTS // longest, 4) if cents else 0


def _lines(document: StatementDocument, language: Language) -> Content:
    supplies = [each for each in document.lines if each.kind not in NO_SUPPLY]
    net, tax = sum(each.cents for each in supplies), sum(each.vat_cents for each in supplies)
    booked = sum(each.cents for each in document.lines)
    blank = [""] * (len(COLUMNS) - 1)
    lines = ["", *(figure(c, language) for c in (net, tax, net + tax, booked))]
    return ledger(
        document.lines,
        COLUMNS,
        language,
        opening={"label": word("total.opening", language), "cells": [*blank, figure(document.opening_cents, language)]},
        sums=[
            {"label": word("total.lines", language), "cells": lines},
            {"label": word("total.closing", language), "cells": [*blank, figure(document.closing_cents, language)]},
        ],
        counterparties=True,
    )


def _balances(document: StatementDocument, language: Language) -> list[Content]:
    """What the lines come to, by counterparty and by project. Tax, set-offs and payments belong to no project."""
    by_counterparty = [(plain(c.name.best(language)), c.cents) for c in document.counterparties]
    outside = word("total.outside-project", language)
    by_project = [(plain(p.project or outside), p.cents) for p in document.projects]
    return [
        {
            "title": word(f"total.by-{what}", language),
            "columns": [word(f"column.{what}", language), in_euro(f"column.{figures}", language)],
            "rows": [[name, figure(cents, language)] for name, cents in (*rows, _sum(rows, language))],
            "sum": True,
        }
        for what, figures, rows in (("counterparty", "balance", by_counterparty), ("project", "net", by_project))
        if rows
    ]


def _sum(rows: Sequence[tuple[str, int]], language: Language) -> tuple[str, int]:
    return word("total.sum", language), sum(cents for _, cents in rows)


def _taxes(document: StatementDocument, language: Language) -> list[Content]:
    both = (("total.sold", document.sold), ("total.bought", document.bought))
    return [taxes(word(title, language), totals, language) for title, totals in both if totals]
