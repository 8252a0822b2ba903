"""A statement as a document: the account with its parties, totals and taxes, whatever it is written as."""

from collections.abc import Iterable, Sequence

from domain.words import Names
from projections.document import (
    CorrectedStatement,
    CounterpartyTotal,
    Flow,
    Invoice,
    LineKind,
    NumberedDocument,
    ProjectTotal,
    StatementDocument,
    VatTotal,
    VatTreatment,
)
from projections.documents import Directory, IssuedDocument
from projections.invoicing import SUPPLIES, Supplied, document_lines, in_order, totals_of
from projections.issued import IssuedChanged
from projections.statement import Account
from projections.statement_line import Line


def statement_document(
    account: Account,
    position: int,
    parties: Directory,
    issued: Sequence[IssuedDocument],
    *,
    digest: str | None,
    as_of: int | None = None,
) -> StatementDocument:
    """The document of an account; `position`: where it was asked, `issued`: the documents of its month."""
    return StatementDocument(
        network=account.network,
        network_name=parties.network.name or Names(fi=account.network),
        constructed=account.constructed,
        partner=parties.party(account.partner),
        period=account.period,
        state=account.state,
        position=account.cut or position,
        as_of=as_of,
        digest=digest,
        issued_on=account.issued_on,
        due_on=None,
        agreements=agreements_of(account.lines),
        opening_cents=account.opening_cents,
        lines=document_lines(account.lines, account.names),
        closing_cents=account.closing_cents,
        own_cents=account.own_cents,
        counterparties=_counterparties(account),
        sold=_taxed(account.lines, sells=True),
        bought=_taxed(account.lines, sells=False),
        projects=_projects(account.lines),
        flows=_flows(account.lines),
        invoices=tuple(_numbered(each, account.partner, parties) for each in issued),
        documents=tuple(
            NumberedDocument(
                number=each.shown, issuer=None if each.issuer == account.partner else parties.party(each.issuer).name
            )
            for each in issued
        ),
    )


def invoice(
    what: Supplied,
    issued: IssuedDocument,
    parties: Directory,
    credits_: Sequence[str],
    corrects: Sequence[CorrectedStatement] = (),
) -> Invoice:
    """The document that was issued for what one partner sold another; `credits_`: printed numbers of what it gives back from.

    `corrects`: the statements that it corrects where there is no such number.

    Raises DocumentChanged when the lines no longer come to what was issued.
    """
    totals, internal = what.totals, issued.kind == "internal-voucher"
    if internal:
        totals = tuple(VatTotal(treatment=None, base_cents=t.base_cents, vat_cents=0) for t in totals)
    gross = sum(total.gross_cents for total in totals)
    if (what.net_cents, gross) != (issued.net_cents, issued.gross_cents):
        raise DocumentChanged(issued.document, issued.gross_cents, gross)
    days = [line.occurred_on for line in what.lines]
    names = {each.organisation: each.name for each in parties.members.values()}
    return Invoice(
        network=parties.network.network,
        network_name=parties.network.name or Names(fi=parties.network.network),
        constructed=parties.network.constructed,
        kind="invoice"
        if issued.kind == "invoice"
        else "credit-note"
        if issued.kind == "credit-note"
        else "internal-voucher",
        number=issued.shown,
        self_billed=issued.self_billed,
        seller=parties.party(issued.seller),
        buyer=parties.party(issued.buyer),
        period=issued.period,
        delivered_from=min(days),
        delivered_to=max(days),
        issued_on=issued.issued_on,
        due_on=issued.due_on,
        agreements=agreements_of(what.lines),
        credits=tuple(credits_),
        lines=document_lines(what.lines, names),
        totals=totals,
        net_cents=issued.net_cents,
        vat_cents=issued.gross_cents - issued.net_cents,
        gross_cents=issued.gross_cents,
        reference=issued.reference,
        netted=issued.netted,
        corrects=tuple(corrects),
    )


def _numbered(issued: IssuedDocument, partner: str, parties: Directory) -> str:
    """Every issuer counts from 1, so a number is somebody's: of another's document its name stands beside it."""
    if issued.issuer == partner:
        return issued.shown
    return f"{issued.shown} ({parties.party(issued.issuer).name.best('fi')})"


class DocumentChanged(IssuedChanged):
    """A document that was issued comes to something else now: the history or this program is damaged."""

    def __init__(self, document: str, issued_cents: int, cents: int) -> None:
        super().__init__(
            f"{document} was issued over {issued_cents} cents and comes to {cents} now; it must not be relied on before the "
            "coordinator has found out why."
        )


def agreements_of(lines: Iterable[Line]) -> tuple[str, ...]:
    """The agreements behind lines, each with its version."""
    return tuple(sorted({f"{line.agreement} v{line.version}" for line in lines if line.agreement}))


def _counterparties(account: Account) -> tuple[CounterpartyTotal, ...]:
    return tuple(
        CounterpartyTotal(
            counterparty=each.counterparty,
            name=account.names.get(each.counterparty) or Names(fi=each.counterparty),
            cents=each.cents,
        )
        for each in account.subtotals
    )


def _taxed(lines: Iterable[Line], *, sells: bool) -> tuple[VatTotal, ...]:
    """By treatment, over all counterparties: what is sold to each is taxed by itself, so these are sums of what documents say."""
    by_counterparty: dict[str, list[Line]] = {}
    for line in lines:
        if line.kind in SUPPLIES and line.sells is sells:
            by_counterparty.setdefault(line.counterparty, []).append(line)
    sums: dict[VatTreatment | None, VatTotal] = {}
    for each in by_counterparty.values():
        for total in totals_of(each):
            before = sums.get(total.treatment)
            sums[total.treatment] = VatTotal(
                treatment=total.treatment,
                base_cents=total.base_cents + (before.base_cents if before else 0),
                vat_cents=total.vat_cents + (before.vat_cents if before else 0),
            )
    return tuple(sorted(sums.values(), key=in_order))


def _projects(lines: Iterable[Line]) -> tuple[ProjectTotal, ...]:
    sums: dict[str | None, int] = {}
    for line in lines:
        if line.kind in SUPPLIES:
            sums[line.project] = sums.get(line.project, 0) + line.cents
    return tuple(
        ProjectTotal(project=project, cents=cents)
        for project, cents in sorted(sums.items(), key=lambda item: (item[0] is None, item[0] or ""))
    )


def _flows(lines: Iterable[Line]) -> tuple[Flow, ...]:
    sums: dict[LineKind, list[int]] = {}
    for line in lines:
        each = sums.setdefault(line.kind, [0, 0])
        each[line.cents < 0] += abs(line.cents)
    return tuple(Flow(kind=kind, in_cents=came, out_cents=went) for kind, (came, went) in sums.items())
