"""The invoices, credit notes and vouchers of a closed period, for the policy that issues them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from adapters.closed_months import ClosedMonths
from adapters.projecting.asking import Views
from application.envelope import Recorded
from application.policies import Intention
from projections.documents import Directory, Invoicing, directory, documents, issued_documents
from projections.invoicing import Supplied, supplied
from projections.rows import Rows


class _Terms(msgspec.Struct, frozen=True):
    """What is known at the cut beside the lines."""

    directory: Directory
    versions: Mapping[tuple[str, int], Invoicing]


class IssuedDocuments:
    """Implements `application.policies.Cut`."""

    def __init__(self, months: ClosedMonths, views: Views) -> None:
        self._months, self._views = months, views

    async def intentions(self, event: Recorded) -> Sequence[Intention]:
        month = await self._months.of(event)
        if month is None:
            return ()
        period, cut = month.period, month.cut
        terms = (await self._views.ask(documents, _terms, as_of=cut)).value
        return [
            Intention("issue-document", await self._body(what, terms, period, cut))
            for ended in month.ended
            for what in supplied(ended.supplies, ended.partner)
            if what.is_invoiced
        ]

    async def _body(self, what: Supplied, terms: _Terms, period: str, cut: int) -> Mapping[str, Any]:
        versions = [
            terms.versions[key]
            for line in what.lines
            if (key := (line.agreement or "", line.version or 0)) in terms.versions
        ]
        person = terms.directory.legal_person
        internal = person(what.seller) == person(what.buyer)
        return {
            "seller": what.seller,
            "buyer": what.buyer,
            "period": period,
            "position": cut,
            "self_billed": not internal and any(what.buyer in version.self_billing for version in versions),
            "internal": internal,
            "credits": await self._credited(what, cut) if what.gross_cents < 0 else [],
            "vat": [
                {
                    "code": total.treatment.code if total.treatment and not internal else None,
                    "rate": total.treatment.rate if total.treatment and not internal else "0",
                    "ground": total.treatment.ground if total.treatment and not internal else None,
                    "base_cents": total.base_cents,
                    "vat_cents": 0 if internal else total.vat_cents,
                }
                for total in what.totals
            ],
            "net_cents": what.net_cents,
            "gross_cents": what.net_cents if internal else what.gross_cents,
            "netted": not internal and any(version.netting != "gross" for version in versions),
            "payment_days": max((version.payment_days for version in versions), default=14),
        }

    async def _credited(self, what: Supplied, cut: int) -> list[str]:
        """The documents of the months whose lines are corrected."""
        found = []
        for period in what.corrected:
            question = partial(issued_documents, partner=what.seller, period=period)
            each = (await self._views.ask(documents, question, as_of=cut)).value
            found += [d.document for d in each if (d.seller, d.buyer) == (what.seller, what.buyer)]
        return found


def _terms(rows: Rows) -> _Terms:
    return _Terms(directory(rows), {(each.agreement, each.version): each for each in rows.under(Invoicing)})
