"""What if: a drafted rule over the log, read twice from its beginning, page by page. Nothing is written."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

from msgspec import Meta, Struct, field

from adapters.projecting.pages import PageSlices
from adapters.projecting.slices import Unreadable
from application.as_of import resolve
from application.desk import Asker, Clock
from application.door import Malformed, NotAllowed
from application.ports import Log, Unavailable
from application.visibility import sees_all
from domain.agreements.events import AgreementEnteredIntoForce
from domain.agreements.writing import written_keys, written_rule
from domain.kernel import Event, Unknown, current, facts
from domain.money import CostKey, SharingRule
from domain.words import AgreementId, Period
from projections.tried_draft import CORRECTIONS, DIVISIONS, Corrected, Scope, TriedCostKey, TriedRule
from projections.what_if import WhatIf

TURN_EVENTS: Final = 16
"""So many events are divided anew, for about 5 ms; then others have their turn."""
MAY: Final = "finance-check"
"""The scope that a partner's own people need."""


class Draft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be tried, over which part of history."""

    agreement: AgreementId
    """One that is or was in force: its entries are divided anew."""
    sharing_rule: dict[str, Any] | None = None
    """As `draft-agreement` takes it; it is tried on every revenue that was shared under the agreement, in any version."""
    cost_key: dict[str, Any] | None = None
    """As one of the `cost_keys` of `draft-agreement`; it is tried on all costs that a key of the same name has divided."""
    first: Period | None = field(default=None, name="from")
    """The first month whose entries count; left out: from the beginning."""
    last: Period | None = field(default=None, name="to")
    """The last month whose entries count; left out: up to the end."""
    as_of: Annotated[str, Meta(max_length=60)] | None = None
    """As it was known at a position, a time with its zone or a date; left out: now."""


class NothingDrafted(Malformed):
    def __init__(self) -> None:
        super().__init__("$", "Nothing is drafted to be tried: give a sharing_rule, a cost_key or both")


class EndsBeforeItBegins(Malformed):
    def __init__(self, first: str, last: str) -> None:
        super().__init__("$.to", f"{last} lies before {first}; give the first month as `from` and the last one as `to`")


async def tried(draft: Draft, asker: Asker, log: Log, clock: Clock) -> WhatIf:
    """Compare what was divided with what the draft would have made of it.

    Coordinator and auditors see all. A partner that is a party to the agreement sees its own side of the entries that it is a party
    to, and what it is told follows from events that it may see alone: else it could draft a rule that tells it what others get.
    Raises NotAllowed, Unknown, Malformed, what `draft-agreement` refuses a rule with, Unavailable.
    """
    check_may(asker)
    if draft.sharing_rule is None and draft.cost_key is None:
        raise NothingDrafted
    if draft.first and draft.last and draft.last < draft.first:
        raise EndsBeforeItBegins(draft.first, draft.last)
    head = await log.head()
    upto = head.position if draft.as_of is None else await resolve(draft.as_of, log, clock)
    of = None if sees_all(asker) else asker.organisation
    versions = await _versions(draft.agreement, log, upto)
    if not versions or not (of is None or any(of in version.parties for version in versions)):
        raise Unknown(f"{draft.agreement} in force")
    parties = versions[-1].parties
    rule = None if draft.sharing_rule is None else written_rule(draft.sharing_rule, parties)
    key = None if draft.cost_key is None else written_keys((draft.cost_key,), parties)[0]
    return await _compared(draft, log, upto, of, versions, rule, key, constructed=head.constructed)


def check_may(asker: Asker) -> None:
    """Raises NotAllowed."""
    if sees_all(asker):
        return
    if asker.role != "partner":
        raise NotAllowed(asker.role, "try a draft", "coordinator, auditor of the whole network or partner")
    if MAY not in asker.scopes:
        raise NotAllowed(asker.role, "try a draft", f"the scope {MAY}")


async def _versions(agreement: str, log: Log, upto: int) -> list[AgreementEnteredIntoForce]:
    history = await log.look((facts(AgreementEnteredIntoForce, about=agreement),))
    found = (current(each.data) for each in history.events if each.position <= upto)
    return [version for version in found if isinstance(version, AgreementEnteredIntoForce)]


async def _compared(  # noqa: PLR0917 - all that a trial rests on
    draft: Draft,
    log: Log,
    upto: int,
    of: str | None,
    versions: Sequence[AgreementEnteredIntoForce],
    rule: SharingRule | None,
    key: CostKey | None,
    *,
    constructed: bool,
) -> WhatIf:
    mark = await log.body(upto) if upto else b""
    scope = Scope(draft.agreement, draft.first, draft.last, of)
    corrected = Corrected(scope)
    await _pass(log, upto, CORRECTIONS, lambda _, event: corrected.see(event))
    shared = TriedRule(rule, scope, corrected.left_cents) if rule else None
    costs = TriedCostKey(key, scope, corrected.left_cents, versions) if key else None

    def see(position: int, event: Event) -> None:
        for each in (shared, costs):
            if each:
                each.see(position, event)

    await _pass(log, upto, DIVISIONS, see)
    if upto and (mark is None or await log.body(upto) != mark):
        raise Unavailable(f"The log changed while a draft was tried up to position {upto}. Ask again in a moment.")
    return WhatIf(
        constructed=constructed,
        agreement=draft.agreement,
        position=upto,
        first=draft.first,
        last=draft.last,
        of=of,
        sharing=shared.comparison(of) if shared else None,
        costs=costs.comparison(of) if costs else None,
    )


async def _pass(log: Log, upto: int, wanted: frozenset[type[Event]], see: Callable[[int, Event], None]) -> None:
    """Read the log from its beginning up to a position. Raises Unavailable where what is wanted cannot be decoded."""
    slices, position = PageSlices(log, wanted), 0
    while position < upto:
        part = await slices.after(position)
        if part is None:
            raise Unavailable(f"The log ends at position {position}, before position {upto}.")
        for n, (at, fact) in enumerate(part.about(wanted)):
            if at.position > upto:
                break
            if isinstance(fact, Unreadable):
                raise Unavailable(
                    f"The event at position {at.position} cannot be read: `tasma audit verify` says what is wrong with it."
                )
            if isinstance(fact, Event):
                see(at.position, fact)
            if n % TURN_EVENTS == TURN_EVENTS - 1:
                await asyncio.sleep(0)
        position = part.to
