"""Addresses, servers that say no, and things that are no NATS server: a sentence each, soon, and never a secret."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nats.aio.client import Client

from adapters.clock import system_clock
from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog
from adapters.nats.connecting import connected
from adapters.nats.relay import Relay
from adapters.nats.trouble import WHY_LENGTH_MAX, Denied, Trouble, trouble_of
from adapters.settings import Secret, WrongSetting, nats_url_of, read_settings
from application.feed import Feed
from application.ports import Unavailable
from tests.faults.load import until
from tests.relay.brokers import Broker, server_program
from tests.relay.ground import Ground, grow, now, running

SECRET = "open-sesame"
SOON_SECONDS = 10.0

WRONG = [
    *(
        "http://broker:4222",
        "nats://a:4222,b:4222",
        f"nats://{SECRET}@a b",
        "nats://",
        "nats://a:port",
        "nats://a,",
        "nats://none",
    ),
    *(
        "nats://a:0",
        "nats://a:99999",
        "nats://a:",
        "nats://a..b",
        "nats://-a",
        "nats://a.",
        f"nats://{'a' * 64}",
        "nats://x#y",
        "nats://x?y",
    ),
    *("nats://h%00:1", "nats://\x00:1", "nats://h\\x", "nats://ä", "nats://a\n", "nats://a:4222/b", "nats://a:٣"),
    *("nats://[::::::]:4222", "nats://[1.2.3.4]", "nats://[::1", "nats://::1", "nats://[fe80::1%eth0]"),
    *(f"nats://u:{SECRET}{sign}x@a:4222" for sign in '#?[]%\\/:@é\ud800\x00,"'),
    *(f"nats://#{SECRET}@a", f"nats://:{SECRET}@a", f"nats://{SECRET}:@a", "nats://@a"),
]
RIGHT = [
    *(
        "nats://a",
        "tls://b:4222",
        "nats://a_b.c-d.example:65535/",
        "nats://127.0.0.1:1",
        "nats://[::1]",
        "nats://[2001:db8::1]:4222",
    ),
    *(f"nats://relay:{SECRET}@a:4222,tls://b,nats://[::1]:4222", f"nats://{SECRET}~!$&'()*+;=._@a"),
]


@pytest.mark.parametrize("text", WRONG, ids=ascii)
def test_a_wrong_address_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(WrongSetting) as refused:
        read_settings({"TASMA_NATS_URL": text})
    assert str(refused.value) == (
        "TASMA_NATS_URL (not shown, it may hold a password) must be one or several addresses such as nats://user:password@host:4222 "
        "or tls://token@[2001:db8::1], with commas between them: a port from 1 to 65535, and in user, password and token nothing but "
        "letters, digits and -._~!$&'()*+;= (nothing is percent-decoded)."
    )


@pytest.mark.parametrize("text", RIGHT)
def test_a_right_address_is_read_by_the_client_as_it_is_written(text: str) -> None:
    """The client takes each apart itself: scheme, user, password, host and port come together to the same text again."""
    given = nats_url_of("--nats", text)
    assert given == text
    for address in text.split(","):
        read = Client._parse_server_uri(address)  # noqa: SLF001 - it shows nowhere else what it reads
        login = ":".join(part for part in (read.username, read.password) if part)
        host = f"[{read.hostname}]" if ":" in (read.hostname or "") else read.hostname
        short = f"{read.scheme}://{login}{'@' * bool(login)}{host}"
        assert address.removesuffix("/") in {f"{short}:{read.port}", *([short] if read.port == 4222 else [])}


def test_addresses_are_a_secret() -> None:
    assert read_settings({}).nats_url is None
    assert read_settings({"TASMA_NATS_URL": ""}).nats_url is None
    given = RIGHT[-2]
    assert read_settings({"TASMA_NATS_URL": given}).nats_url == Secret(given) == nats_url_of("--nats", given)
    assert SECRET not in repr(read_settings({"TASMA_NATS_URL": given}))


INFO = b'INFO {"server_id":"x","version":"2.9.10","max_payload":1048576,"headers":true}\r\n'
NO_NATS = {
    "web": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "nothing": b"",
    "long line": b"A" * 300_000,
    "bytes": bytes(range(256)) * 4 + b"\r\n",
    "info alone": b"INFO\r\n",
    "no JSON": b"INFO {nope\r\n",
    "no object": b"INFO [1]\r\n",
    "no UTF-8": b"INFO \xff\xfe\r\n",
    "no number": b'INFO {"max_payload":"a"}\r\nPONG\r\n',
    "no addresses": b'INFO {"connect_urls":["[:::"]}\r\n',
    "no TLS": b'INFO {"tls_required":true}\r\nxxxxxxxx',
    "no pong": INFO + b"XYZ\r\n",
    "no message": INFO + b"PONG\r\nMSG a 1 99999999999\r\n",
    "no protocol": INFO + b"PONG\r\n" + b"\xff" * 70_000,
    "no info later": INFO + b"PONG\r\nINFO {nope\r\n",
    "echo": INFO + b"-ERR '" + SECRET.encode() + b"'\r\n",
    "echo later": INFO + b"PONG\r\n-ERR '" + SECRET.upper().encode() + b"'\r\n",
}


@asynccontextmanager
async def answering(data: bytes, said: bytearray | None = None) -> AsyncIterator[str]:
    """Something that says this to everybody who comes: its address, with a password."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        try:
            while part := await reader.read(10_000):
                if said is not None:
                    said.extend(part)
        except OSError:
            pass
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"nats://u:{SECRET}@127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.mark.parametrize("data", NO_NATS.values(), ids=NO_NATS)
def test_what_is_no_nats_server_is_said_in_a_sentence(data: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """By who is asked how far it is; and who relays goes on waiting for one."""

    async def run() -> str:
        unhandled: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
        log = MemoryLog("/networks/kymi", SeededEntropy(1), system_clock)
        async with answering(data) as url, Feed(log) as feed:
            relay = Relay((url,), "kymi", log, feed, now)
            with pytest.raises(Unavailable) as said:
                await asyncio.wait_for(relay.standing(), 20)
            async with running([relay]):
                await until(lambda: relay.state == "waiting", "the relay waits")
        assert not unhandled
        return str(said.value)

    said = asyncio.run(run())
    shown = capfd.readouterr()
    assert said.startswith("NATS does not say how far TASMA_KYMI is: ")
    assert len(said) < 2 * WHY_LENGTH_MAX
    assert SECRET not in (said + shown.out + shown.err).lower()
    assert "Traceback" not in shown.out + shown.err


def test_to_an_address_with_tls_no_password_is_said_in_the_clear() -> None:
    """Also where who answers asks for no encryption, as somebody does who stands between."""

    async def run() -> bytearray:
        said = bytearray()
        async with answering(INFO + b"PONG\r\n", said) as url:
            with pytest.raises(Trouble, match="secure connection not available"):
                async with connected([url.replace("nats:", "tls:")], "kymi"):
                    pass
        return said

    assert b"CONNECT" not in asyncio.run(run())


def test_why_is_one_line_and_not_long() -> None:
    said = str(trouble_of(OSError("a\x1b[31m\r\nb" + "c" * 10_000), ()))
    assert said.startswith("No NATS server answers as it should: a [31m bccc")
    assert said.isprintable()
    assert len(said) < 2 * WHY_LENGTH_MAX


USER = "accounts {{ A {{ jetstream: {jetstream}, users: [ {{user: u, password: {secret}{more}}} ] }} }}\n"
DENIALS = {
    "a password": (USER.format(jetstream="enabled", secret="another", more=""), "Authorization Violation"),
    "the interface": (
        USER.format(jetstream="enabled", secret=SECRET, more=', permissions: {publish: ["tasma.>"]}'),
        'permissions violation for publish to "$js.api.stream.info.',
    ),
    "the subjects": (
        USER.format(jetstream="enabled", secret=SECRET, more=', permissions: {publish: ["$JS.>"]}'),
        'permissions violation for publish to "tasma.',
    ),
    "answers": (
        USER.format(jetstream="enabled", secret=SECRET, more=', permissions: {subscribe: ["x"]}'),
        'permissions violation for subscription to "_inbox.',
    ),
    "streams": (
        f"accounts {{ A {{ users: [ {{user: u, password: {SECRET}}} ] }} }}\n",
        "JetStream not enabled for account (10039)",
    ),
    "large events": ("max_payload: 300\n", "maximum payload exceeded"),
}


@pytest.mark.parametrize(("settings", "said"), DENIALS.values(), ids=DENIALS)
def test_what_a_server_does_not_allow_is_named_soon(ground: Ground, folder: Path, settings: str, said: str) -> None:
    """Who relays to an end ends with it; who relays for ever says it and waits for somebody to change it."""
    written = folder / "settings.conf"
    written.write_text(settings)
    login = f"u:{SECRET}@" if "accounts" in settings else ""
    broker = Broker(server_program(), folder, "-c", str(written), name="denying", login=login)
    broker.start()

    async def run() -> None:
        async with ground.relay(broker.url) as (relay, log):
            await grow(log, 5)
            await _listening(broker)
            began = time.monotonic()
            with pytest.raises(Denied) as denied:
                await relay.once()
            assert time.monotonic() - began < SOON_SECONDS
            assert str(denied.value).startswith(f"NATS does not allow what the relay needs: {said}")
            assert SECRET not in str(denied.value)
            async with running([relay]):
                await until(lambda: relay.state == "waiting", "the relay waits")

    try:
        asyncio.run(run())
    finally:
        broker.kill()


async def _listening(broker: Broker) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", broker.port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
