"""What stands between a subscriber and the log is not believed: whatever it changes, hides or puts back is noticed."""

import asyncio
import json
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

import pytest

from adapters.signing import make_key, signers_of
from application.access import Wish
from application.desk import Asker
from application.envelope import decode
from application.notes import Checkpoint, checkpoint_text, signed
from application.tree import TILE_WIDTH, leaf_hash, parse_tile_path, root_of
from application.visibility import may_see
from examples.subscribers import consumer
from tests.custody.served import Served, issued
from tests.examples.forger import Answer, Forge, forging
from tests.examples.served_year import SEED, stored, year, year_bodies

__all__ = ["year", "year_bodies"]

EKAMI = Asker(actor="person:1", role="partner", organisation="org:ekami")
Run = Callable[..., tuple[int, str]]
"""Of a consumer that asks through a forger: its exit code, and what it said."""
Change = Callable[[bytes], bytes]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "subscriber.db"


@pytest.fixture(scope="module")
def ekami(year: Served) -> str:
    return asyncio.run(issued(year.settings, Wish(role="partner", organisation="org:ekami"))).token


@pytest.fixture
def rests() -> list[float]:
    """How long was waited, where something passes by itself; nobody waits here."""
    return []


@pytest.fixture
def run(
    year: Served,
    ekami: str,
    file: Path,
    rests: list[float],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    monkeypatch.setattr(consumer, "WAIT_SECONDS", 1)
    monkeypatch.setattr(time, "sleep", rests.append)

    def through(forge: Forge, *arguments: str, token: str | None = None) -> tuple[int, str]:
        everything = year.headers["Authorization"].removeprefix("Bearer ")
        monkeypatch.setenv("TASMA_TOKEN", token or (everything if "--all" in arguments else ekami))
        with forging(year.url, forge) as url:
            code = consumer.main([url, str(file), "--once", *arguments])
        return code, capsys.readouterr().err

    return through


def honest(_: str, ask: Callable[[], Answer]) -> Answer:
    return ask()


def changed(path: str, change: Change) -> Forge:
    """What is served below a path, changed."""

    def forge(asked: str, ask: Callable[[], Answer]) -> Answer:
        true = ask()
        return true._replace(content=change(true.content)) if re.match(path, asked) else true

    return forge


def other_nonce(body: bytes) -> bytes:
    """The same event with one byte that means nothing to anybody changed."""
    nonce = decode(body).nonce.encode()
    return body.replace(nonce, nonce[:-1] + (b"0" if nonce[-1:] != b"0" else b"1"))


def kept(file: Path) -> list[object]:
    with closing(sqlite3.connect(file)) as db:
        return [*db.execute("select * from event order by position"), *db.execute("select * from progress")]


def note_of(year: Served, bodies: Sequence[bytes]) -> bytes:
    """A checkpoint over these events by the network's own key."""
    origin = year.settings.origin
    text = checkpoint_text(Checkpoint(origin, len(bodies), root_of([leaf_hash(body) for body in bodies])))
    return signed(text, signers_of(make_key(origin, bytes([SEED]) * 32))).encode()


def another_log(year: Served, bodies: Sequence[bytes]) -> Forge:
    """A server with these events, its tree and its signature: everything fits, as far as it goes."""
    leaves = [leaf_hash(body) for body in bodies]

    def forge(asked: str, _: Callable[[], Answer]) -> Answer:
        if asked == "/v1/feed/checkpoint":
            return Answer(HTTPStatus.OK, note_of(year, bodies), {})
        if asked.startswith("/v1/feed/tile/"):
            level, n, width = parse_tile_path(asked.removeprefix("/v1/feed/"))
            span, first = TILE_WIDTH**level, n * TILE_WIDTH
            tile = [root_of(leaves[i * span : (i + 1) * span]) for i in range(first, first + width)]
            return Answer(HTTPStatus.OK, b"".join(tile), {})
        if asked.startswith("/v1/feed/pages/"):
            return Answer(HTTPStatus.NOT_FOUND, b"", {})
        after = int(re.findall(r"after=(\d+)", asked)[0])
        limit = int(re.findall(r"limit=(\d+)", asked)[0])
        lines = bodies[after : after + limit]
        return Answer(HTTPStatus.OK, b"[" + b",".join(lines) + b"]", {"Tasma-Position": str(after + len(lines))})

    return forge


@pytest.mark.parametrize("way", ["--all", "--types=tasma.revenue.*"])
def test_an_honest_server_is_believed(run: Run, year: Served, file: Path, way: str) -> None:
    assert run(honest, way)[0] == 0
    assert run(honest, way) == (0, "")
    events = stored(year)
    assert kept(file)[-1][2] == len(events)  # type: ignore[index]  # a row


@pytest.mark.parametrize("n", [0, 255, 256, -8])
def test_a_byte_of_any_event_that_was_changed_is_noticed(run: Run, year: Served, file: Path, n: int) -> None:
    """The first of a page, the last, and one that is on none yet."""
    bodies = stored(year)
    body = bodies[n]
    forge = changed("/v1/feed", lambda content: content.replace(body, other_nonce(body)))
    code, said = run(forge, "--all")
    assert code == 1
    assert f"STOPPED. What was sent from 1 to {len(bodies):,} is not what was signed: its root is" in said
    assert run(honest, "--all")[0] == 1, "what was once believed to have come is not forgotten"
    assert kept(file)[-1][3] is None, "nothing was found right"  # type: ignore[index]  # a row


def test_who_has_only_some_events_notices_it_too(run: Run, year: Served) -> None:
    own = [body for body in stored(year) if may_see(EKAMI, decode(body))]
    body = own[len(own) // 2]
    code, said = run(changed("/v1/feed", lambda content: content.replace(body, other_nonce(body))))
    assert code == 1
    assert f"The event sent as {decode(body).position:,} is not the one that was signed there." in said


@pytest.mark.parametrize(
    "path", ["/v1/feed/tile/0/000$", "/v1/feed/tile/0/{whole}$", "/v1/feed/tile/0/{begun}.p", "/v1/feed/tile/1/000.p"]
)
def test_a_changed_tile_is_noticed(run: Run, year: Served, path: str) -> None:
    """The first, the last whole one, the one that is only begun, and the one above them."""
    begun = len(stored(year)) // TILE_WIDTH
    forged = path.format(whole=f"{begun - 1:03}", begun=f"{begun:03}")
    code, said = run(changed(forged, lambda tile: tile[:-1] + bytes([tile[-1] ^ 1])))
    assert code == 1
    assert "to the root of the signed checkpoint" in said


def test_an_event_that_is_left_out_is_missed(run: Run, year: Served) -> None:
    body = stored(year)[299]
    cut = changed("/v1/feed", lambda content: content.replace(body + b",", b"").replace(body + b"\n", b""))
    code, said = run(cut, "--all")
    assert code == 1
    assert "some are missing" in said or "A page has 256 lines" in said


def test_events_in_another_order_are_refused(run: Run, year: Served) -> None:
    one, two = stored(year)[299:301]

    def swap(content: bytes) -> bytes:
        return content.replace(one, b"?").replace(two, one).replace(b"?,", two + b",").replace(b"?\n", two + b"\n")

    code, said = run(changed("/v1/feed", swap), "--all")
    assert code == 1
    assert "Positions only rise" in said


def test_an_end_that_is_withheld_is_missed(run: Run, year: Served) -> None:
    def forge(asked: str, ask: Callable[[], Answer]) -> Answer:
        if "after=1024" in asked:
            return Answer(HTTPStatus.OK, b"[]", {"Tasma-Position": "1024"})
        return Answer(HTTPStatus.NOT_FOUND, b"", {}) if "/pages/" in asked else ask()

    code, said = run(forge, "--all")
    assert code == 1
    assert f"A checkpoint was signed over {len(stored(year)):,} events, but nothing comes after 1,024" in said


def test_a_root_that_was_not_signed_is_refused(run: Run, year: Served) -> None:
    bodies = stored(year)
    note = note_of(year, bodies)
    other = note.replace(note.split(b"\n")[2], note_of(year, bodies[:-1]).split(b"\n")[2])
    code, said = run(changed("/v1/feed/checkpoint", lambda _: other))
    assert (code, "The signature does not fit the checkpoint" in said) == (1, True)


def test_only_a_trusted_key_is_believed(run: Run, year: Served) -> None:
    (own,), (other,) = (signers_of(make_key(year.settings.origin, bytes([seed]) * 32)) for seed in (SEED, SEED + 1))
    code, said = run(honest, "--key", other.vkey)
    assert (code, "None of the 1 keys trusted here has signed this checkpoint." in said) == (1, True)
    code, said = run(honest, "--key", own.vkey)
    assert (code, said) == (0, "")


@pytest.mark.parametrize("way", ["--all", "--types=tasma.revenue.*"])
def test_of_a_log_that_was_put_back_nothing_is_taken(run: Run, year: Served, file: Path, way: str) -> None:
    """Neither while it is shorter than what was signed, nor when it has grown past that again."""
    bodies = stored(year)
    assert run(honest, way)[0] == 0
    before = kept(file)
    code, said = run(another_log(year, bodies[:1000]), way)
    assert (code, "The log was put back or is another one" in said) == (1, True)
    grown = [*bodies[:1000], *map(other_nonce, bodies[1000:])]
    further = range(len(bodies) + 1, len(bodies) + 102)
    grown += [body.replace(b"%020d" % 1, b"%020d" % n, 1) for n in further for body in bodies[:1]]
    code, said = run(another_log(year, grown), way)
    assert (code, f"no longer begins with the {len(bodies):,} events that were signed before" in said) == (1, True)
    code, said = run(changed("/v1/feed/checkpoint", lambda note: note.replace(b"tasma/networks", b"other", 1)), way)
    assert code == 1
    assert kept(file) == before


@pytest.mark.parametrize("status", [429, 503])
def test_who_is_told_to_come_later_comes_later(run: Run, rests: list[float], status: int) -> None:
    turned_away: list[str] = []

    def forge(asked: str, ask: Callable[[], Answer]) -> Answer:
        if "after=512" in asked or "/pages/2" in asked:
            turned_away.append(asked)
            if len(turned_away) < 3:
                return Answer(status, b'{"detail": "Too much at once."}', {"Retry-After": "7"})
        return ask()

    code, said = run(forge, "--all")
    assert code == 0
    assert rests == [7.0, 7.0]
    assert f"answers {status}. Too much at once. Going on in 7 s." in said


def test_an_answer_that_breaks_off_is_asked_for_again(run: Run, year: Served, file: Path, rests: list[float]) -> None:
    cut: list[str] = []

    def forge(asked: str, ask: Callable[[], Answer]) -> Answer:
        true = ask()
        if "/v1/feed?" in asked and not cut:
            cut.append(asked)
            return Answer(true.status, true.content[:-100], {**true.headers, "Content-Length": str(len(true.content))})
        return true

    assert run(forge, "--all")[0] == 0
    assert rests == [1.0]
    assert len(kept(file)) == len(stored(year)) + 1


@pytest.mark.parametrize("status", [401, 403])
def test_who_may_not_is_told_and_stops(run: Run, file: Path, status: int) -> None:
    def forge(asked: str, ask: Callable[[], Answer]) -> Answer:
        if "/v1/feed?" not in asked:
            return ask()
        return Answer(status, json.dumps({"detail": "Ask the coordinator."}).encode(), {})

    code, said = run(forge)
    assert code == 1
    assert said.endswith(f"STOPPED. /v1/feed answers {status}. Ask the coordinator.\n")
    assert len(kept(file)) == 1


def test_who_is_sent_on_from_a_stream_goes_on(
    run: Run, year: Served, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came before `resume` is kept, and the rest is asked for from there."""
    bodies = stored(year)
    streams: list[str] = []

    def forge(asked: str, ask: Callable[[], Answer]) -> Answer:
        if "/stream" in asked:
            streams.append(asked)
            text = b":\n\n" + b"".join(b"id: %d\ndata: %b\n\n" % (n, bodies[n - 1]) for n in (1, 2))
            resume = b'event: resume\ndata: {"after":2,"why":"The server stops."}\n\n'
            return Answer(HTTPStatus.OK, text + resume, {"Content-Type": "text/event-stream"})
        if streams or "/feed?" not in asked:
            return ask()
        return Answer(HTTPStatus.OK, b"[]", {"Tasma-Position": "0"})

    follow = consumer.Consumer.follow

    def until_told(self: consumer.Consumer, *, once: bool, stream: bool) -> None:
        del once, stream
        self._listen()
        assert self.after == 2
        follow(self, once=True, stream=True)

    monkeypatch.setattr(consumer.Consumer, "follow", until_told)
    code, said = run(forge, "--all")
    assert code == 0
    assert 'The server ended the stream: {"after":2,"why":"The server stops."}' in said
    assert len(kept(file)) == len(bodies) + 1


def test_without_the_library_for_signatures_it_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "CHECKS_SIGNATURES", False)
    code, said = run(honest)
    assert code == 0
    assert "Without the package `cryptography` no signature is checked" in said
