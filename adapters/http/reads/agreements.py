"""One agreement, version by version, as far as somebody may see it."""

from collections.abc import Sequence

from adapters.http.readers import MEMBERS
from adapters.http.reading import Asking, Found, Read
from application.desk import Asker
from application.visibility import sees_all
from domain.changing import replace
from domain.kernel import Unknown
from projections.agreements import Agreement, agreement_of, agreements


async def answer(asking: Asking) -> Found:
    agreement = asking.path["agreement"]
    found = await asking.ask(agreements, lambda rows: agreement_of(rows, agreement))
    shown = visible(found.value, asking.asker)
    if not shown:
        raise Unknown(agreement)
    return Found(shown, found.position)


def visible(versions: Sequence[Agreement], asker: Asker) -> list[Agreement]:
    """All to the parties; to the rest of the network what is in force, without who approved and signed it when."""
    if sees_all(asker):
        return list(versions)
    return [
        v if asker.organisation in v.parties else replace(v, drafted_on=None, approvals=(), signatures=())
        for v in versions
        if asker.organisation in v.parties or v.in_force_on is not None
    ]


one_agreement = Read(
    name="agreement",
    path="/v1/agreements/{agreement}",
    says="Every version of an agreement: clauses, approvals and signatures for its parties; for the network what is in force.",
    readers=MEMBERS,
    gives=tuple[Agreement, ...],
    answer=answer,
)
