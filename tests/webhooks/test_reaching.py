"""Whom a delivery reaches: the address that was checked, the certificate of the name, nobody else; and nothing stays open."""

import asyncio
import gc
import os
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import httpcore
import pytest

from adapters.webhooks.connecting import NO_CONNECTION, NOT_REACHABLE_BY_ALL, TLS_FAILED
from adapters.webhooks.sending import BROKEN, TOO_SLOW, URL_REFUSED, Answer, Sender
from tests.webhooks.receivers import Authority, Writer, holding, receiver, saying, status
from tests.webhooks.test_sending import BODY, HEADERS, OK, SECONDS, resolving, silent

NAME = "hooks.example.fi"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that were connected to; here they take no connection, as the internet is none of a test's business."""
    addresses: list[str] = []

    async def connect_tcp(
        _: httpcore.AnyIOBackend,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        del port, timeout, local_address, socket_options
        addresses.append(host)
        raise httpcore.ConnectError

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect_tcp)
    return addresses


def sent_to(url: str, resolve: Callable[..., object] | None = None) -> Answer:
    async def sent() -> Answer:
        async with Sender(private=False, resolve=resolve) as sender:  # type: ignore[arg-type] # any resolver of a test
            return await sender.send(url, HEADERS, BODY)

    return asyncio.run(sent())


@pytest.mark.parametrize(
    "found",
    [
        [],
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["fe80::1%lo"],
        ["8.8.8.8", "127.0.0.1"],
        ["2606:4700::1111", "::1"],
        ["8.8.8.8", "not an address"],
    ],
)
def test_a_name_with_any_address_that_not_everybody_reaches_is_not_connected_to(
    found: Sequence[str], dialled: list[str]
) -> None:
    """The same sentence as for a name that is not found: what there is in the inner network stays in it."""
    resolve, _ = resolving(found)
    answer = sent_to(f"https://{NAME}/", resolve)
    assert (answer.status, answer.why) == (None, NOT_REACHABLE_BY_ALL)
    assert dialled == []


def test_a_resolver_that_fails_says_the_same(dialled: list[str]) -> None:
    async def fails(_: str, __: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert sent_to(f"https://{NAME}/", fails).why == NOT_REACHABLE_BY_ALL
    assert dialled == []


def test_an_open_a_closed_and_a_silent_port_of_the_inner_network_look_the_same() -> None:
    resolve, _ = resolving(["127.0.0.1"])

    async def sent() -> None:
        async with receiver(saying(OK)) as is_open, receiver(silent) as is_silent:
            with socket.socket() as unused:
                unused.bind(("127.0.0.1", 0))
                ports = [is_open.port, is_silent.port, unused.getsockname()[1]]
                async with Sender(private=False, resolve=resolve) as sender:
                    answers = [await sender.send(f"https://{NAME}:{port}/", HEADERS, BODY) for port in ports]
            assert {(answer.status, answer.why) for answer in answers} == {(None, NOT_REACHABLE_BY_ALL)}
            assert (is_open.connections, is_silent.connections) == (0, 0)

    asyncio.run(sent())


def test_a_name_that_changes_its_address_between_check_and_connection_gains_nothing(dialled: list[str]) -> None:
    """A name is resolved once for a connection; the next connection is checked anew."""
    resolve, asked = resolving(["8.8.8.8"], ["127.0.0.1"])

    async def sent() -> None:
        async with Sender(private=False, resolve=resolve) as sender:
            assert (await sender.send(f"https://{NAME}/", HEADERS, BODY)).why == NO_CONNECTION
            assert (dialled, asked) == (["8.8.8.8"], [NAME])
            assert (await sender.send(f"https://{NAME}/", HEADERS, BODY)).why == NOT_REACHABLE_BY_ALL
            assert (dialled, asked) == (["8.8.8.8"], [NAME, NAME])

    asyncio.run(sent())


def test_the_connection_goes_to_the_address_that_was_resolved() -> None:
    resolve, asked = resolving(["127.0.0.1"], ["127.0.0.2"])

    async def sent() -> None:
        async with receiver(saying(OK)) as seen, Sender(private=True, resolve=resolve) as sender:
            assert (await sender.send(seen.url(NAME), HEADERS, BODY)).why == ""
            assert asked == [NAME]

    asyncio.run(sent())


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.fi/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.1/",
        "https://0x7f.1/",
        "no url",
    ],
)
def test_a_url_that_was_allowed_once_is_judged_again_when_it_is_sent_to(url: str, dialled: list[str]) -> None:
    assert sent_to(url).why == URL_REFUSED
    assert dialled == []


def test_tls_asks_for_the_name_and_is_used_again(authority: Authority) -> None:
    resolve, _ = resolving(["127.0.0.1"])

    async def sent() -> None:
        async with (
            receiver(saying(OK), tls=authority.serving([NAME])) as seen,
            Sender(private=True, resolve=resolve, tls=authority.trusting()) as sender,
        ):
            for _ in range(3):
                assert (await sender.send(seen.url(NAME, scheme="https"), HEADERS, BODY)).why == ""
            assert (seen.names, seen.connections, len(seen.requests)) == ([NAME], 1, 3)

    asyncio.run(sent())


def test_tls_to_an_address_needs_a_certificate_of_the_address(authority: Authority) -> None:
    async def sent() -> None:
        async with (
            receiver(saying(OK), tls=authority.serving(["127.0.0.1"])) as right,
            receiver(saying(OK), tls=authority.serving([NAME])) as wrong,
            Sender(private=True, tls=authority.trusting()) as sender,
        ):
            assert (await sender.send(right.url(scheme="https"), HEADERS, BODY)).why == ""
            assert (await sender.send(wrong.url(scheme="https"), HEADERS, BODY)).why == TLS_FAILED

    asyncio.run(sent())


@pytest.mark.parametrize(
    ("names", "days", "trusted"),
    [
        pytest.param(["other.example.fi"], 1, True, id="another name"),
        pytest.param([NAME], -1, True, id="expired"),
        pytest.param([NAME], 1, False, id="of an authority that nobody trusts"),
    ],
)
def test_a_certificate_that_does_not_hold_ends_it(
    authority: Authority, names: list[str], days: int, *, trusted: bool
) -> None:
    resolve, _ = resolving(["127.0.0.1"])

    async def sent() -> None:
        async with (
            receiver(saying(OK), tls=authority.serving(names, days=days)) as seen,
            Sender(private=True, resolve=resolve, tls=authority.trusting() if trusted else None) as sender,
        ):
            assert (await sender.send(seen.url(NAME, scheme="https"), HEADERS, BODY)).why == TLS_FAILED
            assert seen.requests == []

    asyncio.run(sent())


def test_a_receiver_that_asks_for_our_certificate_gets_none(authority: Authority) -> None:
    """In TLS 1.3 it refuses after the handshake, where an answer is waited for; some say why and some hang up."""
    resolve, _ = resolving(["127.0.0.1"])
    tls = authority.serving([NAME])
    tls.verify_mode = ssl.CERT_REQUIRED

    async def sent() -> None:
        async with (
            receiver(saying(OK), tls=tls) as seen,
            Sender(private=True, resolve=resolve, tls=authority.trusting()) as sender,
        ):
            assert (await sender.send(seen.url(NAME, scheme="https"), HEADERS, BODY)).why in {TLS_FAILED, BROKEN}
            assert seen.requests == []

    asyncio.run(sent())


def test_who_speaks_no_tls_gets_nothing() -> None:
    async def sent() -> None:
        async def plain(_: asyncio.StreamReader, writer: Writer) -> None:
            writer.write(status(200))
            writer.close()

        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with Sender(private=True) as sender:
            assert (await sender.send(url, HEADERS, BODY)).why == TLS_FAILED
        server.close()

    asyncio.run(sent())


def test_a_handshake_that_hangs_is_left_in_time() -> None:
    async def sent() -> None:
        async with holding() as port, Sender(private=True, seconds_max=SECONDS) as sender:
            answer = await sender.send(f"https://127.0.0.1:{port}/", HEADERS, BODY)
            assert answer.why == TOO_SLOW

    asyncio.run(sent())


def open_sockets() -> int:
    targets = []
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 - a folder of the kernel
        link = Path("/proc/self/fd") / number
        if os.path.islink(link):  # noqa: PTH114 - gone again while looking is not an error
            targets.append(os.readlink(link))  # noqa: PTH115 - as above
    return sum(target.startswith("socket:") for target in targets)


def test_a_delivery_that_is_cancelled_at_any_step_leaves_nothing_open(authority: Authority) -> None:
    """In the name, in the connection, in TLS, in the request, in the answer; the next one goes through."""
    resolve, _ = resolving(["127.0.0.1"])

    async def sent() -> None:
        async with receiver(saying(OK), tls=authority.serving([NAME])) as seen:
            before = open_sockets()
            done = 0
            for steps in range(120):
                async with Sender(private=True, connections=1, resolve=resolve, tls=authority.trusting()) as sender:
                    sending = asyncio.create_task(sender.send(seen.url(NAME, scheme="https"), HEADERS, BODY))
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    sending.cancel()
                    done += not isinstance((await asyncio.gather(sending, return_exceptions=True))[0], BaseException)
                    if steps % 40 == 0:
                        assert (await sender.send(seen.url(NAME, scheme="https"), HEADERS, BODY)).why == ""
            assert done < 120, "some were cancelled on the way"
            for _ in range(1_000):
                if open_sockets() <= before:
                    break
                await asyncio.sleep(0.01)  # the receiver's own ends close when it has looked
            assert open_sockets() <= before

    asyncio.run(sent())
    gc.collect()


def test_what_ran_out_of_time_leaves_nothing_open() -> None:
    async def sent() -> None:
        async with receiver(silent) as seen, Sender(private=True, seconds_max=0.05) as sender:
            before = open_sockets()
            answers = await asyncio.gather(*(sender.send(seen.url(), HEADERS, BODY) for _ in range(20)))
            assert {answer.why for answer in answers} == {TOO_SLOW}
            assert open_sockets() <= before + 20, "the receiver's own ends, which it holds until it looks"

    asyncio.run(sent())
    gc.collect()
