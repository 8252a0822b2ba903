"""A page becomes full at once, where waiting for the clients to fill it would take long."""

from adapters.clock import system_clock
from adapters.wiring import Network
from application.door import command_id
from application.envelope import PAGE_EVENTS
from application.ports import Decision
from domain.calendar import day_of
from domain.kernel import Asked
from domain.network.events import OrganisationRegistered
from domain.words import Names
from tests.faults.cases import CLIENT
from tests.faults.load import Notes, of_outcome

DECISIONS = 4


async def fill_a_page(network: Network, notes: Notes, nth: int) -> None:
    """Append as many events as a page holds; `nth` is another one each time."""
    for part in range(DECISIONS):
        now = network.clock()
        command = command_id(CLIENT.actor, CLIENT.organisation, network.desk.entropy.event_id(now))
        asked = Asked(at=now, actor=CLIENT.actor, role=CLIENT.role, command_id=command)
        events = tuple(_registered(f"org:s-{nth}-{part}-{n}") for n in range(PAGE_EVENTS // DECISIONS))
        decision = Decision(events=events, asked=asked, digest=bytes(32), unless=(), after=())
        # Below what watches the log: that wants a decision made at a head, and these were made at none.
        notes.note(of_outcome(command, await network.stored.append(decision)))


def _registered(organisation: str) -> OrganisationRegistered:
    return OrganisationRegistered(
        organisation=organisation,
        name=Names(fi=organisation[4:]),
        kind="other",
        business_id=None,
        oid=None,
        unit_of=None,
        registered_on=day_of(system_clock()),
    )
