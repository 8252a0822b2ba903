"""The example subscribers: killed at any moment they end with what was signed, and notice every byte that was not."""

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import httpx
import pytest

from adapters.http.schemas import example_of
from application.access import Wish
from application.desk import Asker
from application.envelope import decode
from application.registry import EVENT_TYPES
from application.tree import leaf_hash, root_of
from application.visibility import may_see
from domain.kernel import name_of, versions_of
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared, RevenueTruedUp
from domain.settlement.events import Netted, PaymentRecorded, PaymentTakenBack
from examples.subscribers import consumer, statement_mirror
from examples.subscribers import postings as what_moves
from examples.subscribers.checkpoints import Fault
from examples.subscribers.postings import POSTINGS, postings
from projections.statement_postings import Kind
from tests.custody.restoring import body_of
from tests.custody.served import PATIENCE_SECONDS, REPOSITORY, Served, issued, revoked
from tests.examples.served_year import stored, until_signed, year, year_bodies

__all__ = ["year", "year_bodies"]

# Dies at the n-th statement it sends to SQLite, before that is carried out: at the beginning, between two events, at the commit.
DYING = """
import os, signal, sqlite3, sys
from examples.subscribers import {module}
left, connect = int(sys.argv.pop(1)), sqlite3.connect
def told(statement):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
def connected(*given, **named):
    db = connect(*given, **named)
    db.set_trace_callback(told)
    return db
sqlite3.connect = connected
sys.exit({module}.main())
"""
STATEMENTS = 200
"""At most, the first time; each time it may get further by as much, so that it comes to an end."""
MOVING = (RevenueShared, RevenueReversed, CostShared, RevenueTruedUp, Netted, PaymentRecorded, PaymentTakenBack)
EKAMI = Asker(actor="person:1", role="partner", organisation="org:ekami")


@pytest.fixture(scope="module")
def ekami(year: Served) -> str:
    return asyncio.run(issued(year.settings, Wish(role="partner", organisation="org:ekami"))).token


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "subscriber.db"


def coordinator(year: Served) -> str:
    return year.headers["Authorization"].removeprefix("Bearer ")


def run(
    token: str, *arguments: object, code: str = "from examples.subscribers.consumer import *; sys.exit(main())"
) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - this interpreter, a script of this file
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=REPOSITORY,
        env={**os.environ, "TASMA_TOKEN": token},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed_until_done(token: str, module: str, *arguments: object, seed: int) -> tuple[str, int]:
    """What it printed when it came to its end at last, and how often it was killed before."""
    chance, deaths = random.Random(seed), 0  # noqa: S311 - chance of a test
    while True:
        with run(
            token, chance.randint(1, STATEMENTS * (deaths + 1)), *arguments, code=DYING.format(module=module)
        ) as process:
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
        if process.returncode == 0:
            return out, deaths
        assert process.returncode == -signal.SIGKILL, err
        deaths += 1


def taken(file: Path) -> list[tuple[int, bytes]]:
    with closing(sqlite3.connect(file)) as db:
        return list(db.execute("select position, body from event order by position"))


def place(file: Path) -> int:
    with closing(sqlite3.connect(file)) as db:
        (after,) = db.execute("select after from progress").fetchone()
    return int(after)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_any_statement_it_ends_with_the_log_and_its_root(year: Served, file: Path, seed: int) -> None:
    out, deaths = killed_until_done(coordinator(year), "consumer", year.url, file, "--all", "--once", seed=seed)
    events = stored(year)
    assert deaths > 0
    assert taken(file) == list(enumerate(events, 1))
    root = root_of([leaf_hash(body) for body in events]).hex()
    assert json.loads(out) == {"position": len(events), "events": len(events), "checked": len(events), "root": root}


def test_who_may_see_less_ends_with_exactly_that_and_finds_it_in_the_tiles(
    year: Served, ekami: str, file: Path
) -> None:
    out, deaths = killed_until_done(ekami, "consumer", year.url, file, "--once", seed=3)
    own = [(n, body) for n, body in enumerate(stored(year), 1) if may_see(EKAMI, decode(body))]
    assert deaths > 0
    assert taken(file) == own
    assert 0 < len(own) < len(stored(year))
    assert json.loads(out)["checked"] == json.loads(out)["position"] == len(stored(year))


def test_a_mirror_of_statement_lines_agrees_with_the_statements_however_often_it_was_killed(
    year: Served, ekami: str, file: Path
) -> None:
    _, deaths = killed_until_done(ekami, "statement_mirror", year.url, file, "org:ekami", seed=4)
    assert deaths > 0
    assert mirrored(file) == [
        (line["period"], line["events"][0], line["counterparty"], line["cents"])
        for line in stated(year, "org:ekami")
        if line["kind"] != "vat"
    ]
    with closing(sqlite3.connect(file)) as db:
        # One cent more in the mirror, and it says so.
        db.execute("update line set cents = cents + 1 where rowid = (select min(rowid) from line)")
        db.commit()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASMA_TOKEN", ekami)
        assert statement_mirror.main([year.url, str(file), "org:ekami"]) == 1


def mirrored(file: Path) -> list[tuple[object, ...]]:
    """Period, position, counterparty and cents of each line that a mirror has of the year."""
    with closing(sqlite3.connect(file)) as db:
        lines = db.execute("select period, position, counterparty, cents from line order by period, position, n")
        return [line for line in lines if line[0] < "2020"]


def stated(year: Served, partner: str) -> list[dict[str, Any]]:
    """The lines of the year's statements, each with its period."""
    return [
        {**line, "period": f"2019-{month:02}"}
        for month in range(1, 13)
        for line in year.get(f"/v1/statements/{partner}/2019-{month:02}").json()["lines"]
    ]


def test_a_mirror_has_lines_of_every_kind_and_the_same_vat_as_the_statements(year: Served, tmp_path: Path) -> None:
    """Of one who sells and buys with VAT, and of one who passes on costs."""
    kinds: set[str] = set()
    for partner in ("org:xamk", "org:cursor"):
        file = tmp_path / f"{partner[4:]}.db"
        token = asyncio.run(issued(year.settings, Wish(role="partner", organisation=partner))).token
        client = httpx.Client(base_url=year.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
        with client, closing(sqlite3.connect(file)) as db:
            mirror = statement_mirror.Mirror(
                client, db, consumer.Question(types=f"{POSTINGS},{statement_mirror.CLOSED}"), (), partner=partner
            )
            mirror.follow(once=True, stream=False)
            assert list(mirror.differences()) == []
            lines = stated(year, partner)
            taxes = [
                (period, *tax) for period in sorted({line["period"] for line in lines}) for tax in mirror.taxes(period)
            ]
        said = [(line["period"], line["counterparty"], line["cents"]) for line in lines if line["kind"] == "vat"]
        assert taxes == said
        assert [line[1:] for line in mirrored(file)] == [
            (line["events"][0], line["counterparty"], line["cents"]) for line in lines if line["kind"] != "vat"
        ]
        kinds |= {line["kind"] for line in lines}
    assert kinds == set(get_args(Kind))


def test_a_posting_that_it_does_not_know_stops_it_by_name() -> None:
    """One that begins like those it asks for would else be missing from the mirror in silence."""
    with pytest.raises(
        Fault, match=r"This program does not know what tasma\.revenue\.shared\.v9 does to a statement: update it\."
    ):
        list(postings("tasma.revenue.shared.v9", {}))


def test_every_event_that_moves_money_is_a_posting_that_it_knows() -> None:
    """Every version that was ever written, of all kinds whose lines stand on statements."""
    asked = [pattern.removesuffix("*") for pattern in POSTINGS.split(",")]
    moving = {name_of(version) for event in MOVING for version in versions_of(event)}
    assert moving <= {name for name in EVENT_TYPES if name.startswith(tuple(asked))}
    for name in EVENT_TYPES:
        if name.startswith(tuple(asked)):
            data = example_of(name)["data"]
            lines = list(postings(name, data))
            assert sum(line.cents for line in lines) == 0
            assert (name in moving) == bool(lines or "posted_cents" in data)


@pytest.mark.parametrize("partner", ["org:nobody", "org:xamk", "person:c"])
def test_a_mirror_of_statements_that_are_not_to_be_had_says_so(
    year: Served, ekami: str, file: Path, partner: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASMA_TOKEN", ekami)
        assert statement_mirror.main([year.url, str(file), partner]) == 1
    assert capsys.readouterr().err.endswith(
        f"STOPPED. {partner} has no statements that this token may see: it is no partner of this network, or another one's token is "
        "needed.\n"
    )


def test_a_mirror_from_which_all_lines_of_a_period_are_missing_differs(
    year: Served, ekami: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASMA_TOKEN", ekami)
        assert statement_mirror.main([year.url, str(file), "org:ekami"]) == 0
        with closing(sqlite3.connect(file)) as db:
            db.execute("delete from line")
            db.commit()
        assert statement_mirror.main([year.url, str(file), "org:ekami"]) == 1
    err = capsys.readouterr().err
    for month in range(1, 13):
        assert (
            f"DIFFERENT. 2019-{month:02}: by the events opening, lines and closing are (0, 0, 0), the statement says"
            in err
        )


@pytest.mark.parametrize("token", [None, "", " "])
@pytest.mark.parametrize("module", ["consumer", "statement_mirror"])
def test_without_a_token_it_says_what_to_set(
    file: Path, token: str | None, module: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TASMA_TOKEN", raising=False)
        if token is not None:
            patch.setenv("TASMA_TOKEN", token)
        given = ["http://127.0.0.1:9", str(file), *["org:ekami"] * (module == "statement_mirror")]
        assert {"consumer": consumer.main, "statement_mirror": statement_mirror.main}[module](given) == 1
    assert capsys.readouterr().err.startswith("STOPPED. Set TASMA_TOKEN to the token to read with")
    assert not file.exists()


@pytest.mark.parametrize("way", ["--stream", "--all"])
def test_live_it_is_killed_between_events_and_misses_none(year: Served, file: Path, way: str) -> None:
    chance = random.Random(way)  # noqa: S311 - chance of a test
    for attempt in range(3):
        with run(coordinator(year), year.url, file, way) as process:
            for n in range(chance.randint(2, 8)):
                answer = year.send("register-organisation", body_of(f"live{way}-{attempt}-{n}"))
                assert answer.status_code == 201, answer.text
            head = len(stored(year)) - chance.randint(0, 1)
            year.until(lambda head=head: file.exists() and _reached(file) >= head)  # type: ignore[misc] # a default of another kind
            process.kill()
            process.communicate()
    until_signed(year, len(events := stored(year)))
    with run(coordinator(year), year.url, file, *[way] * (way == "--all"), "--once") as process:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, err
    assert taken(file) == list(enumerate(events, 1))
    assert json.loads(out)["root"] == root_of([leaf_hash(body) for body in events]).hex()


def _reached(file: Path) -> int:
    try:
        return place(file)
    except (sqlite3.OperationalError, TypeError):  # not made yet, or locked just now
        return 0


def test_whose_token_is_revoked_is_told_and_stops(year: Served, file: Path) -> None:
    token = asyncio.run(issued(year.settings, Wish(role="subscriber", organisation="org:xamk")))
    with run(token.token, year.url, file, "--stream") as process:
        year.until(lambda: file.exists() and _reached(file) >= len(stored(year)))
        asyncio.run(revoked(year.settings, token.id))
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert err.endswith("answers 401. This token has been revoked; ask the coordinator for a new one.\n")


def test_a_file_of_another_question_is_left_alone(
    year: Served, ekami: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASMA_TOKEN", ekami)
        assert consumer.main([year.url, str(file), "--types", "tasma.revenue.*", "--once"]) == 0
        before = taken(file)
        assert consumer.main([year.url, str(file), "--once"]) == 1
        assert "give another file" in capsys.readouterr().err
        assert taken(file) == before
        assert consumer.main([year.url, f"{file}.all", "--all", "--once"]) == 1
        assert "STOPPED. /v1/feed/pages/0 answers 403." in capsys.readouterr().err


@pytest.mark.parametrize("module", [statement_mirror, what_moves])
def test_the_mirror_is_read_in_a_minute(module: ModuleType) -> None:
    """Fewer than 100 lines, and what moves money as well, so that everybody who starts from it has read all of it."""
    assert len(Path(str(module.__file__)).read_text(encoding="utf-8").splitlines()) < 100
