"""March, booked, closed and approved by all: what tests of settlements begin from."""

from domain.agreements.events import UnitOf
from domain.kernel import Event
from domain.settlement.events import Netted, PaymentOrdered, PeriodSettled
from tests.projections.booked import CURSOR, EKAMI, KSAO, XAMK, shared
from tests.projections.settling import Mode, World

MARCH, APRIL, MAY = "2019-03", "2019-04", "2019-05"
CITY = (UnitOf(party=CURSOR, legal_person="org:city"), UnitOf(party=KSAO, legal_person="org:city"))


def owed(world: World) -> list[tuple[str, str, int, int, int, int, int]]:
    """First, second, what each owes, what each pays, what is moved; of the last settlement."""
    last = world.of(PeriodSettled)[-1].settlement
    return [
        (
            e.first.removeprefix("org:"),
            e.second.removeprefix("org:"),
            e.first_owes_cents,
            e.second_owes_cents,
            e.first_pays_cents,
            e.second_pays_cents,
            e.moved_cents,
        )
        for e in world.of(Netted)
        if e.settlement == last
    ]


def payments(world: World) -> list[tuple[str, str, int]]:
    last = world.of(PeriodSettled)[-1].settlement
    return [
        (e.payer.removeprefix("org:"), e.payee.removeprefix("org:"), e.cents)
        for e in world.of(PaymentOrdered)
        if e.settlement == last
    ]


def booked(mode: Mode = "multilateral", *events: Event, units: tuple[UnitOf, ...] = (), clearing: str = XAMK) -> World:
    """March, closed and approved by all."""
    world = World(mode, units, clearing)
    world.add(*events)
    world.close()
    world.approve_all(MARCH)
    return world


CHAIN = (
    shared("entry:1", {KSAO: 10000}, hub=EKAMI),  # ekami owes ksao
    shared("entry:2", {XAMK: 10000}, hub=KSAO),  # ksao owes xamk
    shared("entry:3", {EKAMI: 4000}, hub=XAMK),  # xamk owes ekami
)


def replaced(event: Event, **changes: object) -> Event:
    return type(event)(**{**{f: getattr(event, f) for f in event.__struct_fields__}, **changes})
