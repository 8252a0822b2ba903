"""The feed in batches over HTTP: everybody gets all they may see, as exact bytes, and moves on over the rest."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from application.desk import Asker
from application.envelope import decode
from application.visibility import may_see
from tests.http.conftest import seen, world
from tests.http.world import WISHES, World, run

__all__ = ["seen", "world"]


def bodies(world: World) -> list[bytes]:
    return list(run(world.log.bodies(0, limit=10_000)))


def visible(world: World, who: str) -> list[bytes]:
    wish = WISHES[who]
    asker = Asker(
        actor="person:1", role=wish.role, organisation=wish.organisation, subject=wish.subject, project=wish.project
    )
    return [body for body in bodies(world) if may_see(asker, decode(body))]


def lines_of(content: bytes) -> list[bytes]:
    """The exact bytes of the events in a batch."""
    return [bytes(raw) for raw in msgspec.json.decode(content, type=list[msgspec.Raw])]


@pytest.mark.parametrize("who", sorted(WISHES))
@pytest.mark.parametrize("limit", [1, 3, 256])
def test_everybody_gets_exactly_what_they_may_see(seen: World, who: str, limit: int) -> None:
    found, after = list[bytes](), 0
    while True:
        answer = seen.get(f"/v1/feed?after={after}&limit={limit}", who)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/cloudevents-batch+json")
        assert answer.headers["link"] == (
            f'</v1/feed?after={answer.headers["tasma-position"]}&limit={limit}>; rel="next"'
        )
        found += (lines := lines_of(answer.content))
        whole = len(lines) == limit
        assert ("immutable" in answer.headers["cache-control"]) == whole
        assert "private" in answer.headers["cache-control"]
        assert answer.headers["vary"] == "Authorization"
        if int(answer.headers["tasma-position"]) == after:
            break
        after = int(answer.headers["tasma-position"])
    assert after == seen.head
    assert found == visible(seen, who)


def test_nothing_of_anothers_money_is_in_any_answer(seen: World) -> None:
    """Nor in a header, nor in the answer to whoever asks for it by name."""
    shared = next(body for body in bodies(seen) if b'"type":"tasma.revenue.shared.v2"' in body)
    position = decode(shared).position
    for question in (
        "",
        f"after={position - 1}&limit=1",
        "types=tasma.revenue.*",
        "types=tasma.settlement.payment_ordered.v1,tasma.settlement.payment_recorded.v1,tasma.settlement.line_disputed.v1",
        "about=pathway:p-07",
        "about=settlement:1",
        f"after={position}",
    ):
        for who in ("cursor", "mentor", "funder"):
            answer = seen.get(f"/v1/feed?{question}", who)
            assert answer.status_code == 200
            assert b"amount_cents" not in answer.content
            assert b'"cents":' not in answer.content
            assert b"tasma.revenue" not in answer.content
            assert decode(shared).nonce.encode() not in answer.content
    assert lines_of(seen.get("/v1/feed?types=tasma.revenue.*", "ekami").content) == [shared]


def test_who_wants_little_moves_on(seen: World) -> None:
    answer = seen.get("/v1/feed?types=tasma.referral.sent.v1,tasma.mentoring.*&about=client:c-18")
    assert [decode(line).type for line in lines_of(answer.content)] == ["tasma.referral.sent.v1"]
    assert answer.headers["tasma-position"] == str(seen.head)
    nothing = seen.get("/v1/feed?about=client:nobody")
    assert (nothing.content, nothing.headers["tasma-position"]) == (b"[]", str(seen.head))


def test_what_somebody_has_is_not_sent_again(seen: World) -> None:
    first = seen.get("/v1/feed?limit=5")
    again = seen.get("/v1/feed?limit=5", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["tasma-position"]) == (304, b"", "5")


def test_who_waits_hears_as_soon_as_there_is_something(world: World) -> None:
    body = {"organisation": "org:uusi", "name": {"fi": "Uusi"}, "kind": "other"}
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(world.get, f"/v1/feed?after={world.head}&wait=30&types=tasma.network.*", "ekami")
        head = world.send("register-organisation", body).json()["position"]
        answer = waiting.result(20)
    assert [decode(line).position for line in lines_of(answer.content)] == [head]
    assert answer.headers["tasma-position"] == str(head)


def test_who_waits_in_vain_is_told_how_far_was_looked(world: World) -> None:
    answer = world.get(f"/v1/feed?after={world.head}&wait=1")
    assert (answer.content, answer.headers["tasma-position"]) == (b"[]", str(world.head))


@pytest.mark.parametrize("further", [999_999, 1])
@pytest.mark.parametrize(
    "path", ["/v1/feed?after={after}", "/v1/feed?after={after}&wait=5", "/v1/feed/stream?after={after}"]
)
def test_a_position_that_the_log_does_not_reach_is_told_so(seen: World, path: str, further: int) -> None:
    """Positions are committed before anybody learns of them: whoever has one that is not there read a log that was put back.

    An empty answer would let them wait until the log has grown past it, and miss in silence what it grew by.
    """
    after = seen.head + further
    answer = seen.get(path.format(after=after))
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/log-ends-before")
    assert answer.json()["detail"] == (
        f"The log ends at {seen.head}, before the position {after:,}: it was put back to an earlier state, or the position is "
        "another network's. Compare what you have with /v1/events/POSITION, and go on behind the last event that is the same."
    )


def test_what_no_checkpoint_covers_yet_is_not_kept_for_good(world: World) -> None:
    world.do("register-organisation", {"organisation": "org:uusi", "name": {"fi": "Uusi"}, "kind": "other"})
    for head, covered in ((world.head - 1, True), (world.head, False)):
        answer = world.get(f"/v1/feed?after={head - 1}&limit=1")
        assert ("immutable" in answer.headers["cache-control"]) == covered


@pytest.mark.parametrize(
    "question",
    [
        "after=-1", "after=x", "after=1e2", "after=1&after=2", "limit=0", "limit=1001", "wait=31", "wait=1.5", "types=",
        "types=tasma.nothing.v1", "types=tasma.*", "types=*", "about=", "about=a,,b", "since=3", "types=%00", "about=%0a",
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_in_a_sentence(seen: World, question: str) -> None:
    answer = seen.get(f"/v1/feed?{question}")
    if question == "types=tasma.*":  # that is everything
        assert answer.status_code == 200
        return
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["where"] == f"?{question.partition('=')[0]}"


def test_without_a_token_nothing_is_told(seen: World) -> None:
    assert seen.get("/v1/feed", None).status_code == 401
