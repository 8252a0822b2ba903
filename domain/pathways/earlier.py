"""Versions of pathway events that are written no more, and how they are read."""

from domain.kernel import Event, fact, upcaster
from domain.pathways import events as newest
from domain.words import ClientId, Day, MentorId, Organisation, Parties, PathwayId


@fact("pathway.drafted", about=("pathway", "client"), seen_by="parties", frequent=True)
class PathwayDrafted(Event, frozen=True):
    """A pathway is begun for a client; it has no steps and no price yet."""

    pathway: PathwayId
    client: ClientId
    organisation: Organisation
    """Who looks after it."""
    mentor: MentorId | None
    """Who guides the client on it; null where nobody does."""
    drafted_on: Day
    parties: Parties


@upcaster
def drafted_before_roles(old: PathwayDrafted) -> newest.PathwayDrafted:
    """Before, roles were named when the pathway was agreed, so whoever had confirmed a step had not seen them."""
    return newest.PathwayDrafted(**{f: getattr(old, f) for f in old.__struct_fields__}, referral=None, roles=())
