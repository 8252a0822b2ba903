"""The constructed year asked what would have been: the rule and the keys that divided it make no difference to it."""

import asyncio

from msgspec import convert, to_builtins

from adapters.projecting.trying import Draft, tried
from application.desk import Asker
from domain.agreements.events import AgreementEnteredIntoForce
from domain.kernel import facts
from projections.what_if import Comparison
from tests.examples.memory_stage import year_of
from tests.invariants.network import START

COORDINATOR = Asker(actor="person:c", role="coordinator")


def test_the_rule_and_the_keys_in_force_make_no_difference() -> None:
    stage, _ = year_of(2019)

    async def compared() -> list[Comparison | None]:
        history = await stage.log.look((facts(AgreementEnteredIntoForce),))
        versions = [each.data for each in history.events if isinstance(each.data, AgreementEnteredIntoForce)]
        drafts = [{"sharing_rule": to_builtins(versions[-1].clauses.sharing_rule)}]
        drafts += [{"cost_key": to_builtins(key)} for key in versions[-1].clauses.cost_keys]
        found = [
            await tried(
                convert({"agreement": versions[-1].agreement, **draft}, Draft), COORDINATOR, stage.log, lambda: START
            )
            for draft in drafts
        ]
        return [each.sharing or each.costs for each in found]

    for found in asyncio.run(compared()):
        assert found
        assert found.entries
        assert not found.not_divided
        assert {each.difference_cents for each in found.partners} == {0}
