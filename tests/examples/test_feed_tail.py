"""`tasma feed tail`: the events of the log on the terminal, as they come."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from adapters.postgres.embedded import Server
from adapters.settings import Settings
from adapters.wiring import open_network
from tests.custody.restoring import environment_of, lived, register, settings_of

TAIL = "from adapters.cli.main import main; main()"
FOLLOWED = ("new-1", "new-2")


@pytest.fixture
def settings(server: Server, network_schema: str, tmp_path: Path) -> Settings:
    settings = settings_of(server, network_schema, tmp_path, 1)
    asyncio.run(lived(settings, "a", "b", "c"))
    return settings


@pytest.fixture
def stored(server: Server, settings: Settings) -> list[bytes]:
    with psycopg.connect(server.app_dsn) as connection:
        query = sql.SQL("select data from {} order by position").format(sql.Identifier(settings.network, "event"))
        return [bytes(data) for (data,) in connection.execute(query)]


def tail(settings: Settings, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - this interpreter, our own command
        [sys.executable, "-c", TAIL, "feed", "tail", *arguments],
        env={**{k: v for k, v in os.environ.items() if not k.startswith("TASMA_")}, **environment_of(settings)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def said(settings: Settings, *arguments: str) -> tuple[int, bytes, bytes]:
    with tail(settings, *arguments) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_as_json_each_line_is_the_exact_bytes_of_an_event(settings: Settings, stored: list[bytes]) -> None:
    assert said(settings, "--once", "--format", "json") == (0, b"".join(body + b"\n" for body in stored), b"")
    assert said(settings, "--once", "--format", "json", "--after", "3")[1] == stored[3] + b"\n"
    about = said(settings, "--once", "--format", "json", "--about", "org:b", "--types", "tasma.network.*")[1]
    assert [json.loads(line)["subject"] for line in about.splitlines()] == ["org:b"]
    assert said(settings, "--once", "--after", "4") == (0, b"", b"")


def test_for_people_an_event_is_a_line(settings: Settings) -> None:
    _, out, _ = said(settings, "--once", "--after", "3")
    assert out.decode().split()[0] == "4"
    assert out.decode().endswith("  tasma.network.organisation_registered.v1  org:c  by person:c\n")


def test_what_no_event_is_called_is_refused(settings: Settings) -> None:
    code, _, err = said(settings, "--types", "tasma.nothing.v1")
    assert code == 1
    assert err.startswith(b"No event has the type tasma.nothing.v1")


def test_it_follows_until_it_is_interrupted(settings: Settings, stored: list[bytes]) -> None:
    async def add() -> None:
        async with open_network(settings) as network:
            await register(network, *FOLLOWED)

    with tail(settings, "--format", "json") as process:
        lines: Iterator[bytes] = iter(process.stdout or [])
        assert [next(lines).rstrip(b"\n") for _ in stored] == stored
        asyncio.run(add())
        assert [json.loads(next(lines))["subject"] for _ in FOLLOWED] == [f"org:{name}" for name in FOLLOWED]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
