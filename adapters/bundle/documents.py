"""Whether the documents that a log names are those that were issued: to a bundle's reader, and to an audit of the live log."""

import json
from typing import Any

from adapters.auditing.report import Fault
from adapters.auditing.statements import Kept, check_recomputed, read_document
from adapters.bundle.as_signed import NotAsSigned
from adapters.bundle.lines import NoEvent, issued_in
from adapters.bundle.verify import FORMS, FOUNDED, ISSUED, misfit, once
from adapters.postgres.views import Views
from application.ports import Documents
from projections.statements import statements


class NamedDocuments:
    """What the events of a log say of documents, in order; of those that were found, only sums stay in memory."""

    def __init__(self, documents: Documents, views: Views | None) -> None:
        self._documents, self._views = documents, views
        self._founding: dict[str, Any] = {}
        self._named: set[str] = set()
        self._kept: list[Kept] = []
        self.missing: list[str] = []
        """Digests of documents that nobody has kept."""

    @property
    def found(self) -> int:
        return len(self._named) - len(self.missing)

    async def find(self, position: int, kind: str, line: bytes) -> tuple[str, bytes] | None:
        """The document that an event names, under its digest; None if it names none, none is kept, or it was named before.

        Raises NotAsSigned.
        """
        if kind == FOUNDED:
            self._founding = json.loads(line)["data"]
        if kind not in ISSUED:
            return None
        try:
            event = issued_in(line)
        except NoEvent as what:
            raise NotAsSigned(f"The bytes at position {position:,} {what}") from what
        if event.digest in self._named:
            return None
        self._named.add(event.digest)
        body = await self._documents.find(event.digest)
        if body is None:
            self.missing.append(event.digest)
            return None
        if why := misfit(body, json.loads(line, object_pairs_hook=once)["data"], self._founding):
            raise NotAsSigned(
                f"The document {event.digest}, which the event at position {position:,} names, {why.removesuffix('.')}"
            )
        if event.form in FORMS:  # a later one, of which the program in the bundle says so itself
            kept = read_document(position, event, body)
            if isinstance(kept, Fault):
                raise _not_as_issued(kept)
            self._kept.append(kept)
        return event.digest, body

    async def compare(self, head: int) -> None:
        """Hold every word of those that were found against what the log gives. Raises NotAsSigned, Unavailable, NoTablesOfItsOwn."""
        if self._views is None or not self._kept:
            return
        async with self._views.refolded(statements) as fold:
            faults = await check_recomputed(self._kept, fold, head)
        if faults:
            raise _not_as_issued(faults[0])


def _not_as_issued(fault: Fault) -> NotAsSigned:
    return NotAsSigned(fault.what.removesuffix("."))
