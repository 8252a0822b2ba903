"""What a receiver that never ends can cost: little memory, little time, and nothing that it goes on sending."""

import asyncio
import tracemalloc

import pytest

from adapters.webhooks.sending import BROKEN, Answer, Sender
from tests.webhooks.receivers import Authority, Writer, receiver
from tests.webhooks.test_sending import BODY, HEADERS, NO_TLS

MEMORY_BYTES_MAX = 2_000_000
"""Of both ends, which hold some 64 KB at several places."""
TAKEN_BYTES_MAX = 32_000_000
"""What the kernel holds between them, and no more."""

ENDLESS = {
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 10_000, None),
    "one header": (b"HTTP/1.1 200 OK\r\nX: ", b"a" * 60_000, None),
    "lines of a status": (b"HTTP/1.1 200 ", b"a" * 60_000, None),
    "early answers": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n" * 2_000, None),
    "empty lines": (b"", b"\r\n" * 30_000, None),
    "a body": (b"HTTP/1.1 200 OK\r\n\r\n", bytes(60_000), 200),
    "a body in lines": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b"\n" * 60_000, 200),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 10_000, 200),
    "a chunk's size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * 60_000, 200),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 10_000, 200),
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("over_tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("what", ENDLESS)
def test_what_never_ends_costs_little_memory_and_time(what: str, authority: Authority, *, over_tls: bool) -> None:
    head, part, code = ENDLESS[what]
    taken = 0

    async def endless(writer: Writer) -> None:
        nonlocal taken
        writer.write(head)
        while True:
            writer.write(part)
            await writer.drain()
            taken += len(part)

    async def sent() -> tuple[Answer, int]:
        serving, trusting = (authority.serving(["127.0.0.1"]), authority.trusting()) if over_tls else (None, NO_TLS)
        async with receiver(endless, tls=serving) as seen, Sender(private=True, tls=trusting) as sender:
            tracemalloc.start()
            try:
                answer = await sender.send(seen.url(scheme="https" if over_tls else "http"), HEADERS, BODY)
                return answer, tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    answer, memory = asyncio.run(sent())
    assert (answer.status, answer.why) == (code, "" if code else BROKEN)
    assert answer.seconds < 5, "it is not waited for until the time is over"
    assert memory < MEMORY_BYTES_MAX
    assert taken < TAKEN_BYTES_MAX
