"""Which connections are kept for the next delivery, how many, and for how long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.webhooks.sending import Sender
from tests.webhooks.receivers import Answering, Authority, Writer, receiver, saying, status
from tests.webhooks.test_sending import BODY, HEADERS, NO_TLS, OK

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def at_once(*parts: bytes) -> Answering:
    """In so many writes, of which nothing is read in between."""

    async def answer(writer: Writer) -> None:
        for part in parts:
            writer.write(part)

    return answer


async def two_deliveries(answer: Answering, *, connections: int, tls: Authority | None = None) -> None:
    """Both are taken, and both have reached the receiver, over so many connections."""
    serving, trusting = (tls.serving(["127.0.0.1"]), tls.trusting()) if tls else (None, NO_TLS)
    async with receiver(answer, tls=serving) as seen, Sender(private=True, tls=trusting) as sender:
        for number in (1, 2):
            said = await sender.send(seen.url(scheme="https" if tls else "http"), HEADERS, BODY)
            assert (said.status, said.why) == (200, "")
            assert len(seen.requests) == number, "an answer answers what was received"
        assert seen.connections == connections


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(at_once(OK + OK), id="a second answer"),
        pytest.param(at_once(OK + b"\r\n"), id="an empty line"),
        pytest.param(at_once(status(200, body=b"taken\n") + OK), id="behind a body"),
        pytest.param(at_once(CHUNKED + b"2\r\nok\r\n0\r\n\r\n" + OK), id="behind chunks"),
        *(
            pytest.param(at_once(padded + OK + bytes(behind)), id=f"behind {len(padded)} bytes, and {behind} more")
            for padded in (status(200, "X: " + "a" * (size - 45)) for size in (511, 512, 513, 16_384))
            for behind in (0, 20_000)
        ),
    ],
)
def test_a_connection_with_anything_behind_the_answer_is_not_used_again(answer: Answering) -> None:
    asyncio.run(two_deliveries(answer, connections=2))


def test_nor_is_one_whose_tls_holds_anything_more(tmp_path: Path) -> None:
    """In a record of its own: received, not yet deciphered."""
    authority = Authority(tmp_path)
    asyncio.run(two_deliveries(at_once(OK, OK), connections=2, tls=authority))
    asyncio.run(two_deliveries(at_once(OK + OK), connections=2, tls=authority))
    asyncio.run(two_deliveries(at_once(OK), connections=1, tls=authority))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(saying(OK), id="nothing"),
        pytest.param(saying(status(200, body=b'{\n"taken": true\n}\n')), id="lines"),
        pytest.param(saying(status(200, body=b"taken")), id="a word"),
        pytest.param(saying(b"HTTP/1.1 100 Continue\r\n\r\n", OK), id="wait, then yes"),
        pytest.param(saying(CHUNKED, b"2\r\nok\r\n", b"3;x=y\r\n\r\n!\r\n0\r\nT: t\r\n\r\n"), id="chunks"),
        pytest.param(saying(b"HTTP/1.1 200 OK\nContent-Length: 1\n\na"), id="bare line feeds"),
    ],
)
def test_a_connection_whose_answer_was_read_to_its_end_is(answer: Answering) -> None:
    asyncio.run(two_deliveries(answer, connections=1))


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Where to send to, and what is set when the sender hangs up."""
    gone, talks = asyncio.Event(), set[asyncio.Task[None]]()

    async def talk(reader: asyncio.StreamReader, writer: Writer) -> None:
        await reader.readuntil(BODY)
        writer.write(OK)
        await reader.read()
        gone.set()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(
        lambda reader, writer: talks.add(asyncio.create_task(talk(reader, writer))), "127.0.0.1", 0
    )
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", gone
    await asyncio.gather(*talks)


def test_a_kept_connection_is_closed_in_time_without_another_delivery() -> None:
    async def sent() -> None:
        async with listening() as (url, gone), Sender(private=True, tls=NO_TLS, kept_seconds_max=0.05) as sender:
            for _ in range(2):
                gone.clear()
                assert (await sender.send(url, HEADERS, BODY)).why == ""
                async with asyncio.timeout(10):
                    await gone.wait()

    asyncio.run(sent())


def test_no_more_connections_are_kept_than_are_used_at_a_time() -> None:
    async def sent() -> None:
        async with (
            listening() as first,
            listening() as second,
            listening() as third,
            Sender(private=True, connections=2, tls=NO_TLS, kept_seconds_max=600) as sender,
        ):
            for url, _ in (first, second, third):
                assert (await sender.send(url, HEADERS, BODY)).why == ""
            async with asyncio.timeout(10):
                await first[1].wait()
            assert not second[1].is_set()
            assert not third[1].is_set()

    asyncio.run(sent())
