"""One pathway, as far as somebody may see it: steps that are not agreed are between their two parties.

A mentor sees neither money nor who declined.
"""

from typing import Any

import msgspec

from adapters.http.readers import GUIDES
from adapters.http.reading import Asking, Found, Read
from application.desk import Asker
from application.visibility import sees_all
from domain.changing import replace
from domain.kernel import Unknown
from projections.pathways import PathwayView, pathway_of, pathways


async def answer(asking: Asking) -> Found:
    pathway = asking.path["pathway"]
    found = await asking.ask(pathways, lambda rows: pathway_of(rows, pathway))
    shown = visible(found.value, asking.asker) if found.value else None
    if shown is None:
        raise Unknown(pathway)
    return Found(shown, found.position)


def visible(view: PathwayView, asker: Asker) -> Any:  # noqa: ANN401 - JSON; for a mentor without cents
    """The pathway as its events are visible to somebody; None where none of them is."""
    pathway, mine = view.pathway, asker.organisation
    if sees_all(asker):
        return view
    if asker.role == "mentor":
        return _without_money(_guided(view)) if asker.subject and asker.subject == pathway.mentor else None
    if mine is None or mine not in pathway.parties:
        return None
    if mine == pathway.organisation:
        return view
    agreed = mine in pathway.agreed_parties
    steps = tuple(s for s in view.steps if s.provider == mine or (agreed and s.answer == "agreed"))
    if agreed:
        # Without whoever was asked and declined: what one declines stays between two.
        parties = pathway.agreed_parties
        return PathwayView(replace(pathway, mentor=None, drafted_on=None, parties=parties), steps)
    # Asked for a step only: whose pathway it is, who plays which role and which step, no more. After it was agreed with others the
    # roles are theirs.
    asked = type(pathway)(
        pathway=pathway.pathway,
        organisation=pathway.organisation,
        roles=() if pathway.agreed_parties else pathway.roles,
        parties=(pathway.organisation, mine),
    )
    return PathwayView(asked, tuple(replace(s, delivered=()) for s in steps))


def _guided(view: PathwayView) -> PathwayView:
    """Without whoever was asked and declined, before the pathway is agreed and after."""
    steps = tuple(s for s in view.steps if s.answer != "declined")
    asked = {view.pathway.organisation, *(s.provider for s in steps)}
    parties = view.pathway.agreed_parties or tuple(sorted(asked))
    return PathwayView(replace(view.pathway, parties=parties), steps)


def _without_money(view: PathwayView) -> Any:  # noqa: ANN401 - JSON
    return _strip(msgspec.to_builtins(view))


def _strip(value: Any) -> Any:  # noqa: ANN401 - any JSON
    match value:
        case dict():
            return {k: _strip(v) for k, v in value.items() if not k.endswith("cents")}
        case list() | tuple():
            return [_strip(v) for v in value]
        case _:
            return value


one_pathway = Read(
    name="pathway",
    path="/v1/pathways/{pathway}",
    says="A pathway with its steps, answers, prices and deliveries.",
    readers=GUIDES,
    gives=PathwayView,
    answer=answer,
)
