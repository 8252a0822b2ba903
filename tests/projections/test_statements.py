"""Statements of two periods, figure by figure; form 1 is what it was, for ever."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import Struct, to_builtins
from msgspec.structs import replace

from adapters.projecting.memory import Memory
from domain.agreements.events import AgreementEnteredIntoForce
from domain.kernel import Event
from domain.network.events import NetworkFounded, OrganisationRegistered, PartnerAdmitted
from domain.pathways.events import PathwayAgreed, StepDelivered
from domain.revenue.events import RevenueReversed, RevenueShared
from domain.settlement.events import PeriodClosed
from projections.rows import At
from projections.statement import Account, Total, account_of, totals
from projections.statements import statements
from tests.domain.story import agreed, closing, delivery, do, shared, sharing
from tests.given_when_then import Given, asked

APRIL, MAY = "2019-04-10T09:00:00+03:00", "2019-05-02T09:00:00+03:00"
START = datetime(2019, 3, 5, 7, tzinfo=UTC)
IN_FORCE, AGREED, DELIVERED, SHARED, MARCH_CLOSED, DELIVERED_2, SHARED_2, REVERSED, APRIL_CLOSED = range(10, 100, 10)
GOLDEN = "e318b6c41450519ea19c0049990ae2299cd56bd7b0316ce519508f3c49c726c4"


def only(kind: type[Event], so_far: Given) -> list[Event]:
    return [event for event in so_far.history if type(event) is kind]


def two_periods() -> list[tuple[int, Event]]:
    """March: 400.00 shared. April: 200.00 shared, the 400.00 taken back. Places and ids are those of this test."""
    march = shared()
    first = march.history[-1]
    assert isinstance(first, RevenueShared)
    for period in ("2019-01", "2019-02", "2019-03"):
        march = closing(march, period, APRIL).and_then()
    april = do(march, "deliver-step", delivery(part=2, on="2019-04-08"), asked(APRIL))
    april = do(april, "share-revenue", sharing(part=2), asked(APRIL))
    second = april.history[-1]
    assert isinstance(second, RevenueShared)
    back = do(march, "reverse-entry", {"entry": first.entry, "reason": "price-changed"}, asked(APRIL)).history[-1]
    assert isinstance(back, RevenueReversed)
    organisations = [*only(OrganisationRegistered, agreed()), *only(PartnerAdmitted, agreed())]
    return [
        (1, only(NetworkFounded, agreed())[0]),
        *enumerate(organisations, 2),
        (IN_FORCE, only(AgreementEnteredIntoForce, agreed())[0]),
        (AGREED, only(PathwayAgreed, agreed())[0]),
        (DELIVERED, only(StepDelivered, april)[0]),
        (SHARED, replace(first, entry="entry:1")),
        (MARCH_CLOSED, only(PeriodClosed, march)[2]),
        (DELIVERED_2, only(StepDelivered, april)[1]),
        (SHARED_2, replace(second, entry="entry:2")),
        (REVERSED, replace(back, entry="entry:1", reversal="entry:3")),
        (APRIL_CLOSED, closing(april, "2019-04", MAY).events()[0]),
    ]


@pytest.fixture(scope="module")
def rows() -> Memory:
    memory = Memory(statements)
    memory.advance([(At(n, START + timedelta(hours=n)), event) for n, event in two_periods()], APRIL_CLOSED)
    assert not memory.parked
    return memory


def account(rows: Memory, partner: str, period: str) -> Account:
    found = account_of(rows, partner, period)
    assert found is not None
    return found


class Figures(Struct, frozen=True):
    """What a statement says about money."""

    opening: int
    lines: list[tuple[int, str, str, int, str | None, str]]
    """Number, kind, counterparty, cents, clause, corrected line."""
    subtotals: dict[str, int]
    closing: int
    own: int


def figures(rows: Memory, partner: str, period: str) -> Figures:
    statement = account(rows, partner, period).statement(APRIL_CLOSED, None)
    return Figures(
        opening=statement.opening_cents,
        lines=[(x.n, x.kind, x.counterparty, x.cents, x.clause, x.corrects or "") for x in statement.lines],
        subtotals={s.counterparty: s.cents for s in statement.subtotals},
        closing=statement.closing_cents,
        own=statement.own_cents,
    )


def test_the_collector_owes_the_others_and_keeps_its_own_share_outside_the_lines(rows: Memory) -> None:
    """5 % of 400.00 is its own: 20.00; no line says so, since nobody owes it."""
    assert figures(rows, "org:xamk", "2019-03") == Figures(
        opening=0,
        lines=[
            (1, "share-owed", "org:cursor", -15000, "steps[0]", ""),
            (2, "share-owed", "org:ekami", -12500, "steps[2]", ""),
            (3, "share-owed", "org:ekami", -6300, "steps[3].to.split[0]", ""),
            (4, "share-owed", "org:ksao", -4200, "steps[3].to.split[1]", ""),
        ],
        subtotals={"org:cursor": -15000, "org:ekami": -18800, "org:ksao": -4200},
        closing=-38000,
        own=2000,
    )


def test_the_next_statement_opens_where_the_last_closed_and_names_the_lines_it_corrects(rows: Memory) -> None:
    """Own shares are those of the period: 5 % of 200.00, less the 20.00 taken back with the 400.00."""
    assert figures(rows, "org:xamk", "2019-04") == Figures(
        opening=-38000,
        lines=[
            (1, "share-owed", "org:ekami", -12500, "steps[2]", ""),
            (2, "share-owed", "org:ekami", -3900, "steps[3].to.split[0]", ""),
            (3, "share-owed", "org:ksao", -2600, "steps[3].to.split[1]", ""),
            (4, "correction", "org:cursor", 15000, "steps[0]", "2019-03/1"),
            (5, "correction", "org:ekami", 12500, "steps[2]", "2019-03/2"),
            (6, "correction", "org:ekami", 6300, "steps[3].to.split[0]", "2019-03/3"),
            (7, "correction", "org:ksao", 4200, "steps[3].to.split[1]", "2019-03/4"),
        ],
        subtotals={"org:cursor": 15000, "org:ekami": 2400, "org:ksao": 1600},
        closing=-19000,
        own=1000 - 2000,
    )


def test_what_one_owes_is_what_the_other_has_earned(rows: Memory) -> None:
    assert figures(rows, "org:ekami", "2019-04") == Figures(
        opening=18800,
        lines=[
            (1, "share-earned", "org:xamk", 12500, "steps[2]", ""),
            (2, "share-earned", "org:xamk", 3900, "steps[3].to.split[0]", ""),
            (3, "correction", "org:xamk", -12500, "steps[2]", "2019-03/1"),
            (4, "correction", "org:xamk", -6300, "steps[3].to.split[0]", "2019-03/2"),
        ],
        subtotals={"org:xamk": -2400},
        closing=16400,
        own=0,
    )
    april = totals(rows, "2019-04")
    assert april[0] == Total(
        partner="org:cursor",
        opening_cents=15000,
        earned_cents=0,
        owed_cents=0,
        cost_cents=0,
        corrected_cents=-15000,
        trued_up_cents=0,
        set_off_cents=0,
        paid_cents=0,
        vat_cents=0,
        closing_cents=0,
        lines=1,
    )
    assert {t.partner: t.closing_cents for t in april} == {
        "org:cursor": 0,
        "org:ekami": 16400,
        "org:ksao": 2600,
        "org:xamk": -19000,
    }


def test_a_whole_statement(rows: Memory) -> None:
    statement = account(rows, "org:ksao", "2019-03").statement(APRIL_CLOSED, None)
    assert to_builtins(statement) == {
        "form": 2,
        "network": "kymenlaakso",
        "constructed": True,
        "partner": "org:ksao",
        "period": "2019-03",
        "position": MARCH_CLOSED,
        "as_of": None,
        "state": "closed",
        "opening_cents": 0,
        "closing_cents": 4200,
        "digest": statement.digest,
        "lines": (
            {
                "n": 1,
                "occurred_on": "2019-03-05",
                "recorded_at": "2019-03-06T23:00:00Z",
                "kind": "share-earned",
                "counterparty": "org:xamk",
                "cents": 4200,
                "role": None,
                "clause": "steps[3].to.split[1]",
                "quantity": None,
                "unit": None,
                "unit_cents": None,
                "corrects": None,
                "agreement": "agreement:kymenlaakso-2019",
                "version": 1,
                "vat": None,
                "project": None,
                "pathway": "pathway:p-1",
                "step": 1,
                "part": 1,
                "entry": "entry:1",
                "text": {
                    "fi": "xamk tilittää delivery: vaiheen 1 osa 1 (pathway:p-1) toteutui 5.3.2019. Aiemmat kohdat ottivat "
                    "295,00\xa0€ summasta 400,00\xa0€, joten jäljelle jäi 105,00\xa0€; 40/100 summasta 105,00\xa0€ on 42,00\xa0€.",
                    "sv": "xamk redovisar delivery: del 1 av etapp 1 (pathway:p-1) genomfördes 5.3.2019. Tidigare punkter tog "
                    "295,00\xa0€ av 400,00\xa0€, så kvar blev 105,00\xa0€; 40/100 av 105,00\xa0€ är 42,00\xa0€.",
                    "en": "xamk passes on delivery: part 1 of step 1 (pathway:p-1) was delivered on 5 March 2019. Earlier clauses "
                    "took €295.00 of €400.00, leaving €105.00; 40/100 of €105.00 is €42.00.",
                },
                "events": (SHARED, DELIVERED, AGREED, IN_FORCE),
            },
        ),
        "subtotals": ({"counterparty": "org:xamk", "cents": 4200},),
        "own_cents": 0,
    }


def test_a_line_names_the_events_behind_it_a_correction_those_of_its_entry_too(rows: Memory) -> None:
    lines = {line.n: line for line in account(rows, "org:xamk", "2019-04").statement(APRIL_CLOSED, None).lines}
    assert lines[1].events == (SHARED_2, DELIVERED_2, AGREED, IN_FORCE)
    assert (lines[1].quantity, lines[1].unit_cents) == ("2.5", 5000)
    assert lines[5].events == (REVERSED, SHARED, DELIVERED, AGREED, IN_FORCE)
    assert (lines[5].quantity, lines[5].unit_cents) == (None, None)


def test_form_1_is_digested_as_ever(rows: Memory) -> None:
    """Not to be adjusted: what was issued is recomputed to its digest, or refused. Another content is another form."""
    assert replace(account(rows, "org:xamk", "2019-04"), form=1).digest == GOLDEN
