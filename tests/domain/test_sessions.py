"""Sessions of mentors: their hours come with the pathway's next amount, each once; what came with none is looked after."""

from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from application.door import Malformed
from domain.changing import replace
from domain.kernel import NotYet, Refused
from domain.mentoring.events import HoursLeftOver, SessionHeld
from domain.pathways.events import PathwayAgreed
from domain.revenue.events import RevenueReversed, RevenueShared
from domain.revenue.pathway_revenue import SESSIONS_MAX
from domain.words import Binding
from tests.domain.story import (
    OUTSIDER,
    agreed,
    completed,
    delivery,
    do,
    entry_of,
    in_force,
    mentored,
    numbered,
    planned,
    session,
    sharing,
)
from tests.given_when_then import Given, asked

BY_THE_HOUR = {
    "steps": [
        {"take": {"per_unit_cents": 4000, "unit": "mentor_hour"}, "to": "org:cursor", "for": "mentoring"},
        {"take": "remaining", "to": "role:provider", "for": "delivery"},
    ]
}
TO_THE_MENTOR = {
    "steps": [
        {
            "take": {"per_unit_cents": 4000, "unit": "mentor_hour"},
            "to": "role:mentor",
            "if_unbound": "skip",
            "for": "mentoring",
        },
        {"take": {"percent": "10"}, "to": "org:cursor", "for": "coordination"},
        {"take": "remaining", "to": "role:provider", "for": "delivery"},
    ]
}
POLICY = asked(role="policy")
OF = {"pathway": "pathway:p-1"}
PLACES = ((1, 1), (1, 2), (2, 1), (2, 2))
LIST = ("list-left-over-hours", OF)


def guided() -> Given:
    return mentored(agreed(BY_THE_HOUR))


def held(so_far: Given, number: int = 1, hours: str = "1.5") -> Given:
    return do(so_far, "record-session", session(number, hours))


def delivered(so_far: Given, *places: tuple[int, int]) -> Given:
    for place in places:
        so_far = do(so_far, "deliver-step", delivery(*place, credit=None))
    return so_far


def all_shared(so_far: Given) -> Given:
    """All parts delivered and shared, in that order; the pathway is complete."""
    so_far = delivered(so_far, *PLACES)
    for number, place in enumerate(PLACES, 1):
        so_far = do(so_far, "share-revenue", sharing(*place), numbered(number))
    return completed(so_far)


def reversal(entry: str, amount_cents: int | None = None) -> dict[str, Any]:
    return {"entry": entry, "reason": "entered-in-error", "amount_cents": amount_cents}


# --- recorded --------------------------------------------------------------------------------------------------------
def test_a_session_is_recorded_for_those_who_pay_for_it() -> None:
    guided().when("record-session", session()).then(
        SessionHeld(
            session="session:s-1",
            mentor="mentor:m-1",
            client="client:c-1",
            pathway="pathway:p-1",
            held_on=asked().on,
            hours="1.5",
            parties=("org:cursor", "org:ekami", "org:ksao", "org:xamk"),
        )
    )
    (of_none,) = guided().when("record-session", session(pathway=None)).events()
    assert isinstance(of_none, SessionHeld)
    assert (of_none.pathway, of_none.parties) == (None, ("org:cursor",))


def test_a_session_is_recorded_once_and_not_in_the_future() -> None:
    held(guided()).when("record-session", session()).then_refused(
        "session:s-1 is recorded already; a session is counted once."
    )
    guided().when("record-session", {**session(), "held_on": "2019-03-06"}).then_refused(
        "A session on 2019-03-06 lies in the future: today is 2019-03-05. Report it when it has happened."
    )
    guided().when("record-session", session(hours="0")).then_refused(
        "session:s-1 would have taken 0 hours; give its length in quarters of an hour."
    )


def test_a_session_is_between_a_mentor_and_a_client_that_was_assigned() -> None:
    agreed(BY_THE_HOUR).when("record-session", session()).then_refused("There is no mentor:m-1 here.")
    guided().when("record-session", {**session(), "client": "client:c-2"}).then_refused(
        "client:c-2 was never assigned to mentor:m-1; assign the client before sessions are recorded."
    )
    other = do(guided(), "assign-mentee", {"mentor": "mentor:m-1", "client": "client:c-2"})
    other.when("record-session", {**session(), "client": "client:c-2"}).then_refused(
        "pathway:p-1 is not the pathway of client:c-2; name theirs, or leave it out."
    )
    mentored(planned(so_far=in_force(BY_THE_HOUR))).when("record-session", session()).then_refused(
        "There is no agreed pathway:p-1 here."
    )
    ended = {"mentor": "mentor:m-1", "client": "client:c-1", "reason": "pathway-completed"}
    assert do(guided(), "release-mentee", ended).when("record-session", session()).events(), "reported afterwards"


def test_a_session_is_recorded_by_its_mentor_or_the_mentors_organisation() -> None:
    guided().when("record-session", session(), OUTSIDER).then_refused(
        "Only org:cursor or the coordinator may record the sessions of its mentors; you act for org:lut."
    )
    somebody = asked(role="mentor")
    guided().when("record-session", session(), somebody).then_refused("There is no mentor:m-1 here.")
    themselves = replace(somebody, actor="mentor:m-1")
    assert guided().when("record-session", session(), themselves).events()
    assert guided().when("record-session", session(), asked(organisation="org:cursor")).events()


def test_a_mentor_has_sessions_of_a_day_a_day_at_most() -> None:
    """However many they are: the hours of two days are not said as those of one."""
    so_far = held(held(guided(), 1, "20"), 2, "4")
    so_far.when("record-session", session(3, "0.25")).then_refused(
        "mentor:m-1 would have held sessions of 24.25 hours on 2019-03-05, and a day has 24; look whether one is recorded twice."
    )
    later = asked("2019-03-06T09:00:00+02:00")
    assert so_far.when("record-session", {**session(3, "24"), "held_on": "2019-03-06"}, later).events()


def test_nobody_is_paid_for_the_hours_of_another_s_mentor() -> None:
    """The pathway pays the organisation that its draft bound; a mentor who comes after has another's hours."""
    bound = (Binding(role="role:mentor", organisation="org:xamk"),)
    history = mentored(agreed(TO_THE_MENTOR)).history
    so_far = Given(tuple(replace(e, roles=bound) if isinstance(e, PathwayAgreed) else e for e in history))
    so_far.when("record-session", session()).then_refused(
        "pathway:p-1 pays org:xamk for mentoring, so hours of mentors of org:cursor are not paid by it; leave the pathway out, and "
        "agree another pathway for what they do from now on."
    )
    assert so_far.when("record-session", session(pathway=None)).events()


# --- counted in ------------------------------------------------------------------------------------------------------
def test_hours_come_with_the_next_amount_and_with_no_other() -> None:
    """1.5 and 0.75 hours at 40.00 are 90.00 of the first 400.00; of the next 200.00 nothing is taken."""
    so_far = delivered(held(held(guided()), 2, "0.75"), (1, 1), (1, 2))
    first = do(so_far, "share-revenue", sharing())
    assert [(q.unit, q.quantity) for q in entry_of(first).quantities] == [("mentor_hour", "2.25")]
    assert [(s.partner, s.cents) for s in entry_of(first).shares] == [("org:cursor", 9000), ("org:ekami", 31000)]
    assert entry_of(first).sessions == ("session:s-1", "session:s-2")
    second = do(first, "share-revenue", sharing(part=2), numbered(1))
    assert [q.quantity for q in entry_of(second).quantities] == ["0"]
    assert ([s.cents for s in entry_of(second).shares], entry_of(second).sessions) == ([0, 20000], ())


def test_hours_wait_where_they_can_take_nothing() -> None:
    """Of a part that costs nothing, and of a rule that skips its clause because nobody mentors: they are looked after at the end."""
    free = delivered(held(guided()), (1, 1))
    rebooked = {**sharing(), "amount_cents": 0, "reason": "credit-loss"}
    lost = do(do(free, "share-revenue", sharing()), "rebook-part", rebooked, numbered(1))
    assert (entry_of(lost).amount_cents, entry_of(lost).sessions) == (0, ())
    after = do(delivered(lost, (1, 2)), "share-revenue", sharing(part=2), numbered(2))
    assert entry_of(after).sessions == ("session:s-1",)
    so_far = all_shared(held(mentored(agreed(TO_THE_MENTOR))))
    assert all(e.skipped and not e.sessions for e in so_far.history if isinstance(e, RevenueShared))
    (left,) = so_far.when(*LIST, POLICY).events()
    assert isinstance(left, HoursLeftOver)
    assert left.sessions == ("session:s-1",)


def test_a_rule_that_pays_no_hours_counts_none() -> None:
    so_far = do(do(mentored(agreed()), "record-session", session()), "deliver-step", delivery())
    entry = entry_of(do(so_far, "share-revenue", sharing()))
    assert (entry.sessions, [q.unit for q in entry.quantities]) == ((), ["credit"])
    over = do(delivered_rest(so_far), "complete-pathway", OF)
    with pytest.raises(NotYet):
        over.when(*LIST, POLICY).events()


def delivered_rest(so_far: Given) -> Given:
    for place in PLACES[1:]:
        so_far = do(so_far, "deliver-step", delivery(*place))
    return so_far


def test_hours_of_what_was_taken_back_whole_wait_for_the_next_amount() -> None:
    first = do(delivered(held(guided()), (1, 1), (1, 2)), "share-revenue", sharing())
    entry = entry_of(first).entry
    part = do(first, "reverse-entry", reversal(entry, 39999), numbered(1))
    assert not entry_of(do(part, "share-revenue", sharing(part=2), numbered(2))).sessions
    gone = do(part, "reverse-entry", reversal(entry), numbered(3))
    assert entry_of(do(gone, "share-revenue", sharing(part=2), numbered(2))).sessions == ("session:s-1",)


def test_hours_that_came_back_twice_are_counted_once() -> None:
    so_far = delivered(held(guided()), (1, 1))
    for number in (1, 3, 5):
        so_far = do(so_far, "share-revenue", sharing(), numbered(number))
        assert (entry_of(so_far).sessions, entry_of(so_far).quantities[0].quantity) == (("session:s-1",), "1.5")
        so_far = do(so_far, "reverse-entry", reversal(entry_of(so_far).entry), numbered(number + 1))


def test_what_is_booked_anew_counts_its_own_hours_and_those_that_wait() -> None:
    first = do(delivered(held(guided()), (1, 1)), "share-revenue", sharing())
    body = {**sharing(), "amount_cents": 30000, "reason": "price-changed"}
    anew = entry_of(do(held(first, 2), "rebook-part", body, numbered(1)))
    assert (sorted(anew.sessions), anew.quantities[0].quantity) == (["session:s-1", "session:s-2"], "3")
    assert [s.cents for s in anew.shares] == [12000, 18000]


# --- left over -------------------------------------------------------------------------------------------------------
def test_hours_that_can_come_with_no_amount_any_more_are_looked_after() -> None:
    so_far = held(held(all_shared(held(guided())), 2), 3, "0.25")
    so_far.when(*LIST, POLICY).then(
        HoursLeftOver(
            pathway="pathway:p-1",
            sessions=("session:s-2", "session:s-3"),
            hours="1.75",
            listed_on=asked().on,
            parties=("org:cursor", "org:ekami", "org:ksao", "org:xamk"),
        )
    )


def test_nothing_is_left_over_while_an_amount_may_still_come() -> None:
    """The network asks whenever hours may be left over, and what may leave some later makes it ask again."""
    sentence = "pathway:p-1 has no hours of sessions that could come with no amount any more."
    to_come = held(delivered(guided(), *PLACES))
    waiting = completed(to_come)
    over = all_shared(held(guided()))
    listed = do(held(over, 2), *LIST, POLICY)
    for so_far in (agreed(BY_THE_HOUR), guided(), to_come, waiting, over, listed):
        so_far.when(*LIST, POLICY).then_refused(sentence)
        with pytest.raises(NotYet):
            so_far.when(*LIST, POLICY).events()
    one_more = held(listed, 3).when(*LIST, POLICY).events()[0]
    assert isinstance(one_more, HoursLeftOver)
    assert one_more.sessions == ("session:s-3",)


def test_hours_that_somebody_looks_after_come_with_no_amount() -> None:
    """Also not when a part is booked anew after the completion: they would be paid twice."""
    over = all_shared(held(guided()))
    listed = do(held(over, 2), *LIST, POLICY)
    body = {**sharing(), "amount_cents": 30000, "reason": "price-changed"}
    assert entry_of(do(listed, "rebook-part", body, numbered(9))).sessions == ("session:s-1",)


def test_hours_come_back_after_the_completion_and_wait_for_what_is_shared_anew() -> None:
    over = all_shared(held(guided()))
    entry = next(e.entry for e in over.history if isinstance(e, RevenueShared) and e.sessions)
    gone = do(over, "reverse-entry", reversal(entry), numbered(9))
    with pytest.raises(NotYet):
        gone.when(*LIST, POLICY).events()
    anew = next(e for e in over.history if isinstance(e, RevenueShared) and e.entry == entry)
    again = do(gone, "share-revenue", sharing(anew.step, anew.part), numbered(10))
    assert entry_of(again).sessions == ("session:s-1",)


def test_hours_of_a_credit_loss_are_looked_after_unless_it_is_shared_anew() -> None:
    """Of a part that the client never pays for nothing comes any more, so nothing waits for it; of one in error something does."""
    over = all_shared(held(guided()))
    entry = next(e.entry for e in over.history if isinstance(e, RevenueShared) and e.sessions)
    part = do(over, "reverse-entry", {**reversal(entry, 39999), "reason": "credit-loss"}, numbered(9))
    with pytest.raises(NotYet):
        part.when(*LIST, POLICY).events()
    lost = do(part, "reverse-entry", {**reversal(entry), "reason": "credit-loss"}, numbered(10))
    (listed,) = lost.when(*LIST, POLICY).events()
    assert isinstance(listed, HoursLeftOver)
    assert listed.sessions == ("session:s-1",)
    (of,) = (e for e in over.history if isinstance(e, RevenueShared) and e.entry == entry)
    paid = do(lost, "share-revenue", sharing(of.step, of.part), numbered(11))
    error = do(paid, "reverse-entry", reversal(entry_of(paid).entry), numbered(12))
    for so_far in (paid, error):
        with pytest.raises(NotYet):
            so_far.when(*LIST, POLICY).events()


# --- promise ---------------------------------------------------------------------------------------------------------
moves = st.one_of(
    st.just(("session", 0)),
    st.tuples(st.sampled_from(["deliver", "share", "back", "part", "rebook"]), st.integers(0, 3)),
    st.sampled_from([("complete", 0), ("list", 0)]),
)


@settings(max_examples=30)
@examples(before=st.lists(moves, max_size=12), after=st.lists(moves, max_size=12))
def test_each_session_is_counted_once(before: list[tuple[str, int]], after: list[tuple[str, int]]) -> None:
    """In an entry that stands, on the coordinator's list, or in none yet: never in two, whatever the order.

    When all parts are delivered and shared, completed and listed, none is in none.
    """
    ends = [*(("deliver", n) for n in range(4)), *(("share", n) for n in range(4)), ("complete", 0), ("list", 0)]
    so_far, entries = guided(), dict[int, str]()
    for number, (move, n) in enumerate([*before, *ends, *after, *ends], 1):
        place, by = PLACES[n], numbered(number)
        entry = entries.get(n, "entry:0")
        name, body = {
            "session": ("record-session", session(number, "0.75")),
            "deliver": ("deliver-step", delivery(*place, credit=None)),
            "share": ("share-revenue", sharing(*place)),
            "back": ("reverse-entry", reversal(entry)),
            "part": ("reverse-entry", reversal(entry, 9000)),
            "rebook": ("rebook-part", {**sharing(*place), "amount_cents": 30000, "reason": "price-changed"}),
            "complete": ("complete-pathway", OF),
            "list": LIST,
        }[move]
        try:
            so_far = do(so_far, name, body, numbered(number, POLICY) if move == "list" else by)
        except Refused:
            continue
        if isinstance(event := so_far.history[-1], RevenueShared):
            entries[n] = event.entry
        assert len(found := _found(so_far)) == len(set(found))
    assert sorted(_found(so_far)) == sorted(e.session for e in so_far.history if isinstance(e, SessionHeld))


def _found(so_far: Given) -> list[str]:
    """The sessions of entries that stand and of the list."""
    gone = {e.entry for e in so_far.history if isinstance(e, RevenueReversed) and not e.left_cents}
    found: list[str] = []
    for event in so_far.history:
        if isinstance(event, HoursLeftOver) or (isinstance(event, RevenueShared) and event.entry not in gone):
            found += event.sessions
    return found


# --- what others' mentors cannot book --------------------------------------------------------------------------------
def test_a_mentor_of_nobody_on_the_pathway_books_no_hours_on_it() -> None:
    """Else anybody's mentor could take what the providers of others' pathways are to get."""
    stranger = {"mentor": "mentor:m-9", "organisation": "org:lut", "capacity": 5}
    so_far = do(
        agreed(BY_THE_HOUR),
        "register-organisation",
        {"organisation": "org:lut", "name": {"fi": "LUT"}, "kind": "university"},
    )
    so_far = do(so_far, "admit-partner", {"organisation": "org:lut", "membership": "open", "admitted_on": "2019-01-02"})
    so_far = do(so_far, "nominate-mentor", stranger)
    so_far = do(so_far, "assign-mentee", {"mentor": "mentor:m-9", "client": "client:c-1"})
    so_far.when("record-session", {**session(), "mentor": "mentor:m-9"}).then_refused(
        "org:lut has no part in pathway:p-1, so hours of its mentors are not paid by it; leave the pathway out."
    )


def test_a_session_is_no_longer_than_a_day_and_not_before_its_pathway() -> None:
    guided().when("record-session", session(hours="24.25")).then_refused(
        "A session of 24.25 hours is longer than a day; record each day by itself."
    )
    guided().when("record-session", {**session(), "held_on": "2019-01-01"}).then_refused(
        "pathway:p-1 was agreed on 2019-03-05; a session on 2019-01-01 came before it. Leave the pathway out."
    )


def test_more_sessions_than_an_entry_holds_come_with_the_next_amounts() -> None:
    so_far = guided()
    for number in range(1, SESSIONS_MAX + 3):
        so_far = held(so_far, number, "0.25")
    so_far = delivered(so_far, (1, 1), (1, 2))
    first = do(so_far, "share-revenue", sharing(1, 1), numbered(1))
    assert len(entry_of(first).sessions) == SESSIONS_MAX
    second = do(first, "share-revenue", sharing(1, 2), numbered(2))
    assert len(entry_of(second).sessions) == 2


def test_a_session_has_an_id_for_which_every_entry_has_room() -> None:
    """Ids that were given before are read as they are."""
    long = {**session(), "session": "session:" + "-".join(["0" * 32] * 2)}
    with pytest.raises(Malformed, match="72"):
        guided().when("record-session", long)
    uuid = {**session(), "session": "session:s-0168f4a2-7c00-8123-9abc-0123456789ab"}
    assert guided().when("record-session", uuid).events()
