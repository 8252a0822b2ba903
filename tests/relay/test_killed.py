"""Relays and servers that are killed: nothing is skipped, nothing comes twice, and somebody goes on."""

import asyncio
import json
import multiprocessing
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from nats.errors import Error
from nats.js import JetStreamContext

from adapters.nats.relay import Relay
from adapters.nats.setup import name_of
from adapters.wiring import serving_network
from tests.faults.ground import Ground as Mortal
from tests.faults.ground import kill, postmaster
from tests.faults.load import by_desk, insist
from tests.relay.brokers import Broker, come_to, free_port, jetstream, messages_of, same_as, server_program
from tests.relay.dying import When, relay_and_die
from tests.relay.ground import Ground, grow, running

ROUNDS = 12
TAKEN_OVER_SECONDS = 10.0


@pytest.mark.parametrize("seed", [1, 2])
def test_a_relay_killed_between_sending_and_acknowledgement_leaves_no_gap_and_no_double(
    ground: Ground, seed: int
) -> None:
    """Many times, at messages drawn by lot: the first, one in the middle of many under way, the only one."""
    drawn = random.Random(seed)  # noqa: S311 - a lot, no secret
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.relay.dying"])

    async def killed(message: int, when: When) -> None:
        arguments = (ground.place.server.app_dsn, ground.place.schema, ground.broker.url, message, when)
        process = context.Process(target=relay_and_die, args=arguments, daemon=True)
        process.start()
        await asyncio.to_thread(process.join, 60)
        assert process.exitcode == -signal.SIGKILL

    async def run() -> None:
        async with ground.relay() as (relay, log):
            for _ in range(ROUNDS):
                waiting = await grow(log, drawn.choice([1, 2, 40, 300])) - (await relay.standing()).position
                await killed(drawn.randint(1, waiting), drawn.choice(["written", "taken"]))
            head = await grow(log, 3)
            assert await relay.once() == head
            assert await ground.check() == head

    asyncio.run(run())


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    """What is still running at the end is killed."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def test_when_the_relay_at_work_is_killed_another_takes_over_within_seconds(
    ground: Ground, processes: list[subprocess.Popen[str]]
) -> None:
    async def run() -> None:
        async with ground.place.log() as log, jetstream(ground.broker.url) as js:
            head = await grow(log, 500)
            processes.append(ground.tasma())
            await come_to(js, ground.stream, head)
            processes.append(ground.tasma())
            await asyncio.to_thread(_said, processes[1], "relay.stands_by")
            for n in range(3):
                processes[n].kill()
                head = await grow(log, 300)
                began = time.monotonic()
                await come_to(js, ground.stream, head)
                assert time.monotonic() - began < TAKEN_OVER_SECONDS
                processes.append(ground.tasma())
                await asyncio.to_thread(_said, processes[-1], "relay.stands_by")
        assert await ground.check() == 1_400

    asyncio.run(run())


def test_a_relay_that_is_told_to_stop_stops_and_never_shows_the_password(
    ground: Ground, folder: Path, processes: list[subprocess.Popen[str]]
) -> None:
    guarded = Broker(
        server_program(), folder, "--user", "relay", "--pass", "open-sesame", name="g", login="relay:open-sesame@"
    )
    guarded.start()

    async def run() -> None:
        async with ground.place.log() as log, jetstream(guarded.url) as js:
            processes.append(ground.tasma(url=guarded.url.replace("sesame", "barley")))
            said = await asyncio.to_thread(_said, processes[0], "relay.waiting")
            assert "Authorization Violation" in json.loads(said)["why"]
            processes.append(ground.tasma(url=guarded.url))
            await asyncio.to_thread(_said, processes[1], "relay.stands_by")
            for signalled, process in zip((signal.SIGTERM, signal.SIGINT), processes, strict=True):
                process.send_signal(signalled)
                out, errors = await asyncio.to_thread(process.communicate, timeout=20)
                assert (process.returncode, out) == (0, ""), errors
                assert "open" not in errors
                assert "Traceback" not in errors
                if process is processes[0]:
                    await come_to(js, ground.stream, await grow(log, 100))

    try:
        asyncio.run(run())
    finally:
        guarded.kill()


def test_scripts_relay_once_and_ask_how_far_the_stream_is(ground: Ground) -> None:
    def told(*arguments: str) -> tuple[int | None, str, str]:
        process = ground.tasma(*arguments)
        out, errors = process.communicate(timeout=60)
        return process.returncode, out, errors

    async def fill(events: int) -> None:
        async with ground.place.log() as log:
            await grow(log, events)

    asyncio.run(fill(300))
    name = ground.stream
    assert told("--status") == (0, f"There is no stream {name} yet; the log holds 300 events.\n", "")
    assert told("--once") == (0, f"The stream {name} holds the log up to its head, position 300.\n", "")
    asyncio.run(fill(7))
    code, out, _ = told("--status", "--format", "json")
    standing = json.loads(out)
    assert code == 0
    assert standing.pop("lag_seconds") > 0
    assert standing == {"stream": name, "made": True, "position": 300, "head": 307, "lag_events": 7}
    code, out, _ = told("--status")
    assert out.startswith(
        f"The stream {name} ends at position 300 of 307: 7 events behind, the first of them recorded "
    )
    code, out, _ = told("--once", "--format", "json")
    assert (code, json.loads(out)["position"]) == (0, 307)
    ground.broker.kill()
    code, out, errors = told("--status")
    assert (code, out) == (1, "")
    assert errors.startswith(f"NATS does not say how far {name} is: ")
    code, out, errors = told("--status", "--once")
    assert (code, out) == (2, "")
    code, out, errors = told("--nats", "http://secret@broker")
    assert (code, out, "secret" in errors) == (1, "", False)


def test_a_database_that_is_away_is_waited_for(ground: Ground) -> None:
    """Every connection of the relay is cut, again and again, while it reads pages, rows and news."""

    async def run() -> None:
        name = f"relay {ground.place.schema[-12:]}"
        async with (
            ground.relay(name=name) as (relay, _),
            ground.place.log() as log,
            jetstream(ground.broker.url) as js,
            await psycopg.AsyncConnection.connect(ground.place.server.app_dsn, autocommit=True) as admin,
        ):
            head, cut = await grow(log, 600), 0
            async with running([relay]):
                for _ in range(30):
                    head = await grow(log, 50)
                    found = await admin.execute(
                        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like %s",
                        (f"{name}%",),
                    )
                    cut += len(await found.fetchall())
                    await asyncio.sleep(0.05)
                await come_to(js, ground.stream, head)
            assert cut > ROUNDS
            assert await ground.check() == head == 2_100

    asyncio.run(run())


def test_a_database_server_that_dies_is_waited_for(mortal: Mortal, broker: Broker) -> None:
    """It is killed as a whole while a relay works, and somebody else starts it again."""
    settings = mortal.settings

    async def run() -> None:
        async with serving_network(settings) as network, jetstream(broker.url) as js:
            relay = Relay((broker.url,), settings.network, network.log, network.feed, network.now)
            stream = name_of(settings.network)
            async with running([relay]):
                for n in range(2):
                    kill(postmaster(network.dsn))
                    body = {"organisation": f"org:o-{n}", "name": {"fi": "O"}, "kind": "other"}
                    key = network.desk.entropy.event_id(network.clock())
                    added = await insist(by_desk(network.desk), "register-organisation", body, key)
                    await come_to(js, stream, added.position)
            same_as(await network.log.bodies(0, limit=1_000), await messages_of(js, stream), settings.network)

    asyncio.run(run())


@pytest.fixture
def cluster(folder: Path) -> Iterator[list[Broker]]:
    """Three servers that keep three copies."""
    ports = [free_port() for _ in range(3)]
    routes = ",".join(f"nats://127.0.0.1:{port}" for port in ports)
    program = server_program()
    brokers = [
        Broker(
            program,
            folder,
            *("--cluster_name", "three", "--cluster", f"nats://127.0.0.1:{port}", "--routes", routes),
            name=f"n{n}",
        )
        for n, port in enumerate(ports)
    ]
    for broker in brokers:
        broker.start()
    yield brokers
    for broker in brokers:
        broker.kill()


def test_the_loss_of_one_of_three_servers_is_survived(ground: Ground, cluster: list[Broker]) -> None:
    """The one that leads the stream is killed in the middle of the relaying, twice; the others go on."""
    urls = [broker.url for broker in cluster]

    async def run() -> None:
        async with ground.relay(*urls) as (relay, log), jetstream(*urls) as js:
            head = await grow(log, 300)
            async with running([relay], 3):
                await come_to(js, ground.stream, head)
                for _ in range(2):
                    info = await js.stream_info(ground.stream)
                    assert info.config.num_replicas == 3
                    assert info.cluster is not None
                    lost = next(broker for broker in cluster if broker.name == info.cluster.leader)
                    head = await grow(log, 3_000)
                    await come_to(js, ground.stream, head - 2_800)
                    lost.kill()
                    await come_to(js, ground.stream, head)
                    lost.start()
                    await _healed(js, ground.stream)
            assert await ground.check(*urls) == head == 6_300

    asyncio.run(run())


async def _healed(js: JetStreamContext, stream: str) -> None:
    """Wait until all copies are up to date."""
    async with asyncio.timeout(60):
        while True:
            try:
                cluster = (await js.stream_info(stream)).cluster
                if cluster and cluster.leader and all(peer.current for peer in cluster.replicas or ()):
                    return
            except Error:
                pass
            await asyncio.sleep(0.1)


def _said(process: subprocess.Popen[str], event: str) -> str:
    """The next line of a relay's log about this."""
    assert process.stderr is not None
    for line in process.stderr:
        if f'"{event}"' in line:
            return line
    raise AssertionError(f"the relay ended without {event}")
