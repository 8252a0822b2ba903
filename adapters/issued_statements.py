"""The statements of a closed period as of its cut, kept byte for byte, for the policy that issues them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import json

from adapters.projecting.asking import Views
from application.ports import Documents
from projections.statement import FORM, account_of, partners_stated
from projections.statements import statements

_encode = json.Encoder(order="deterministic").encode


class IssuedStatements:
    """Implements `application.policies.Statements`."""

    def __init__(self, views: Views, documents: Documents) -> None:
        self._views, self._documents = views, documents

    async def keep_all(self, period: str, cut: int) -> Sequence[Mapping[str, Any]]:
        partners = (await self._views.ask(statements, partners_stated, as_of=cut)).value
        return [await self._keep(partner, period, cut) for partner in partners]

    async def _keep(self, partner: str, period: str, cut: int) -> Mapping[str, Any]:
        answer = await self._views.ask(statements, partial(account_of, partner=partner, period=period), as_of=cut)
        if answer.value is None or (digest := answer.value.digest) is None:
            raise AssertionError(f"{period} was closed at {cut}, but {partner} has no closed account there.")
        statement = answer.value.statement(cut, cut)
        await self._documents.keep(digest, _encode(statement))
        return {
            "partner": partner,
            "period": period,
            "form": FORM,
            "position": cut,
            "opening_cents": statement.opening_cents,
            "closing_cents": statement.closing_cents,
            "lines": len(statement.lines),
            "digest": digest,
        }
