"""The statements of a closed period as of its cut, kept byte for byte, for the policy that issues them."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from adapters.kept_lines import KeptLines
from adapters.statement_passages import StatementPassages
from application.envelope import Recorded
from application.policies import Intention
from application.ports import Documents, Log
from domain.settlement.events import PeriodClosed
from projections.statement_forms import FORM
from projections.statement_passage import Ended


class IssuedStatements:
    """Implements `application.policies.Cut`.

    What is kept is the very bytes that the digest is of; a statement gets its words when somebody reads it.
    """

    def __init__(self, log: Log, documents: Documents) -> None:
        self._log, self._documents = log, documents

    async def intentions(self, event: Recorded) -> Sequence[Intention]:
        if not isinstance(event.data, PeriodClosed):
            return ()
        bodies = await self.keep_all(event.data.period, event.position)
        return [Intention("issue-statement", body) for body in bodies]

    async def keep_all(self, period: str, cut: int) -> Sequence[Mapping[str, Any]]:
        """Keep the statement of every organisation ever admitted or posted to; give the bodies of `issue-statement`."""
        passages = StatementPassages(self._log, period, cut)
        with KeptLines() as kept:
            passage = await passages.write(kept.add)
            return [await self._keep(ended, period, cut, kept) for ended in passage.ended(cut)]

    async def _keep(self, ended: Ended, period: str, cut: int, kept: KeptLines) -> Mapping[str, Any]:
        kept.add(ended.partner, ended.vat)
        document = b"".join((ended.before, *kept.take(ended.partner), ended.after))
        digest = sha256(document).hexdigest()
        await self._documents.keep(digest, document)
        return {
            "partner": ended.partner,
            "period": period,
            "form": FORM,
            "position": cut,
            "opening_cents": ended.opening_cents,
            "closing_cents": ended.closing_cents,
            "lines": ended.lines,
            "digest": digest,
            "dispute_days": ended.dispute_days,
            "tacit_approval": ended.tacit_approval,
        }
