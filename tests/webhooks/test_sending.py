"""A delivery ends in time with an answer, whatever a receiver does; its body and headers arrive as they were given."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.webhooks.connecting import NAME_NOT_FOUND, NO_CONNECTION
from adapters.webhooks.sending import BROKEN, NOT_2XX, REDIRECTED, TOO_SLOW, Answer, Sender
from tests.webhooks.receivers import Answering, Writer, holding, receiver, saying, status

BODY = b'[{"specversion":"1.0","id":"1"}]'
HEADERS = {"Content-Type": "application/cloudevents-batch+json", "webhook-id": "1", "Tasma-Position": "7"}
OK = status(200)
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody, and is made at once."""
SECONDS = 0.3
"""The time of a delivery where it is to run out."""


def answer_to(answer: Answering, *, body: bytes = BODY, seconds_max: float = 10) -> Answer:
    async def sent() -> Answer:
        async with receiver(answer) as seen, Sender(private=True, tls=NO_TLS, seconds_max=seconds_max) as sender:
            return await sender.send(seen.url(), HEADERS, body)

    return asyncio.run(sent())


def resolving(*answers: Sequence[str]) -> tuple[Callable[[str, int], Awaitable[Sequence[str]]], list[str]]:
    """A resolver that gives one answer after another, and the names it was asked for."""
    asked: list[str] = []

    async def resolve(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return resolve, asked


async def endless(writer: Writer, *, head: bytes, part: bytes, pause: float = 0) -> None:
    writer.write(head)
    while True:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(pause)


async def silent(_: Writer) -> None:
    await asyncio.Event().wait()


def test_body_and_headers_arrive_as_given_and_nothing_else_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")

    async def sent() -> None:
        cookie = status(200, "Set-Cookie: session=1; Path=/")
        async with receiver(saying(cookie)) as seen, Sender(private=True) as sender:
            for _ in range(2):
                assert (await sender.send(seen.url(), HEADERS, BODY)).why == ""
            for head, body in seen.requests:
                assert body == BODY
                assert head[0] == "POST /hook HTTP/1.1"
                assert sorted(line.lower() for line in head[1:]) == [
                    "accept-encoding: identity",
                    f"content-length: {len(BODY)}",
                    "content-type: application/cloudevents-batch+json",
                    f"host: 127.0.0.1:{seen.port}",
                    "tasma-position: 7",
                    "user-agent: tasma/1 (webhook)",
                    "webhook-id: 1",
                ]

    asyncio.run(sent())


@pytest.mark.parametrize("code", [200, 201, 202, 204, 299])
def test_every_2xx_is_taken(code: int) -> None:
    answer = answer_to(saying(f"HTTP/1.1 {code} Said\r\n\r\n".encode(), then_close=True))
    assert (answer.status, answer.why, answer.retry_after) == (code, "", None)
    assert 0 < answer.seconds < 10


@pytest.mark.parametrize("code", [400, 401, 404, 410, 413, 429, 500, 503, 599, 999])
def test_any_other_answer_is_its_status_and_a_sentence(code: int) -> None:
    answer = answer_to(saying(status(code, body=b"a person's name")))
    assert (answer.status, answer.why) == (code, NOT_2XX)


@pytest.mark.parametrize("code", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_not_followed_whatever_it_names(code: int) -> None:
    async def sent() -> None:
        async with receiver(saying(OK)) as other:
            moved = status(code, f"Location: {other.url()}")
            async with receiver(saying(moved)) as seen, Sender(private=True) as sender:
                answer = await sender.send(seen.url(), HEADERS, BODY)
                assert (answer.status, answer.why) == (code, REDIRECTED)
            assert other.connections == 0

    asyncio.run(sent())


def test_a_redirect_to_what_is_no_url_is_a_redirect() -> None:
    assert answer_to(saying(status(302, "Location: http://[:::::/\x80"))).why == REDIRECTED


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["Retry-After: 120"], 120),
        (["retry-after:  0 "], 0),
        (["Retry-After: Tue, 05 Mar 2019 07:02:00 GMT", "Date: Tue, 05 Mar 2019 07:00:00 GMT"], 120),
        (["Retry-After: Tue, 05 Mar 2019 06:00:00 GMT", "Date: Tue, 05 Mar 2019 07:00:00 GMT"], 0),
        (["Retry-After: Tue, 05 Mar 2019 07:02:00 GMT"], None),
        (["Retry-After: -1"], None),
        (["Retry-After: 1.5"], None),
        (["Retry-After: 9999999999999"], None),
        (["Retry-After: \xb2"], None),
        (["Retry-After: soon", "Date: now"], None),
        ([], None),
    ],
)
def test_when_to_come_again_is_understood_in_seconds(headers: list[str], seconds: int | None) -> None:
    assert answer_to(saying(status(503, *headers))).retry_after == seconds


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(silent, id="nothing at all"),
        pytest.param(partial(endless, head=b"HTTP/1.1 200 OK\r\nX: ", part=b"a", pause=0.02), id="a slow head"),
        pytest.param(partial(endless, head=b"", part=b"HTTP/1.1 100 C\r\n\r\n", pause=0.02), id="wait, wait, wait"),
    ],
)
def test_who_is_too_slow_is_left_in_time(answer: Answering) -> None:
    said = answer_to(answer, seconds_max=SECONDS)
    assert (said.status, said.why) == (None, TOO_SLOW)
    assert SECONDS <= said.seconds < 5


def test_who_does_not_read_what_is_sent_is_left_in_time() -> None:
    async def sent() -> None:
        async with holding() as port, Sender(private=True, seconds_max=SECONDS) as sender:
            answer = await sender.send(f"http://127.0.0.1:{port}/", HEADERS, bytes(32_000_000))
            assert answer.why == TOO_SLOW

    asyncio.run(sent())


def test_a_name_that_takes_too_long_is_left_in_time() -> None:
    async def hangs(_: str, __: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    async def sent() -> None:
        async with Sender(private=True, resolve=hangs, seconds_max=SECONDS) as sender:
            assert (await sender.send("http://receiver/", HEADERS, BODY)).why == TOO_SLOW

    asyncio.run(sent())


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(saying(then_close=True), id="closed"),
        pytest.param(saying(b"HTTP/1.1 200", then_close=True), id="closed in the status line"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\nX: y\r\n", then_close=True), id="closed in the head"),
        pytest.param(saying(b"hello\r\n\r\n"), id="no HTTP"),
        pytest.param(saying(b"HTTP/1.1 000 No\r\n\r\n"), id="no status"),
        pytest.param(saying(b"HTTP/1.1 20\xb2 No\r\n\r\n"), id="a status of other digits"),
        pytest.param(saying(b"\x16\x03\x01" + bytes(200)), id="TLS in plain text"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), id="a length that is none"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), id="two lengths"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20_000 + b"\r\n\r\n"), id="a head over 16 KB"),
        pytest.param(partial(endless, head=b"HTTP/1.1 200 OK\r\n", part=b"X: y\r\n"), id="a head without end"),
        pytest.param(partial(endless, head=b"", part=b"HTTP/1.1 100 C\r\n\r\n"), id="patience without end"),
    ],
)
def test_what_is_no_answer_is_broken(answer: Answering) -> None:
    said = answer_to(answer)
    assert (said.status, said.why) == (None, BROKEN)


def test_a_reset_connection_is_broken() -> None:
    async def reset(writer: Writer) -> None:
        writer.transport.abort()

    assert answer_to(reset).why == BROKEN


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(partial(endless, head=b"HTTP/1.1 200 OK\r\n\r\n", part=bytes(65_536)), id="without end"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\nshort", then_close=True), id="a lie"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), id="broken chunks"),
        pytest.param(partial(endless, head=b"HTTP/1.1 200 OK\r\n\r\n", part=b"a", pause=0.02), id="a trickle"),
        pytest.param(saying(status(200, "Content-Encoding: gzip", body=b"\x1f\x8b" + bytes(500))), id="packed"),
    ],
)
def test_what_comes_behind_a_2xx_is_neither_waited_for_nor_believed(answer: Answering) -> None:
    said = answer_to(answer)
    assert (said.status, said.why) == (200, "")
    assert said.seconds < 5


def test_of_a_huge_answer_next_to_nothing_is_taken() -> None:
    written = 0

    async def huge(writer: Writer) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 500 No\r\n\r\n")
        while True:
            writer.write(bytes(65_536))
            await writer.drain()
            written += 65_536

    said = answer_to(huge)
    assert (said.status, said.why) == (500, NOT_2XX)
    assert written < 16_000_000, "what the kernel holds for both, and no more"


def test_a_connection_is_used_again_while_its_answers_are_short() -> None:
    async def sent() -> None:
        async with receiver(saying(status(200, body=bytes(500)))) as seen, Sender(private=True) as sender:
            for _ in range(5):
                assert (await sender.send(seen.url(), HEADERS, BODY)).why == ""
            assert (len(seen.requests), seen.connections) == (5, 1)
        async with receiver(saying(status(200, body=bytes(1_100)))) as seen, Sender(private=True) as sender:
            for _ in range(3):
                assert (await sender.send(seen.url(), HEADERS, BODY)).why == ""
            assert (len(seen.requests), seen.connections) == (3, 3)

    asyncio.run(sent())


def test_a_connection_that_the_receiver_closed_meanwhile_is_not_used_again() -> None:
    async def sent() -> None:
        gone = asyncio.Event()

        async def answer(writer: Writer) -> None:
            writer.write(OK)
            writer.close()
            await writer.wait_closed()
            gone.set()

        async with receiver(answer) as seen, Sender(private=True) as sender:
            for _ in range(5):
                assert (await sender.send(seen.url(), HEADERS, BODY)).why == ""
                await gone.wait()
                gone.clear()
            assert seen.connections == 5

    asyncio.run(sent())


def test_a_connection_is_used_for_its_own_host_alone() -> None:
    resolve, asked = resolving(["127.0.0.1"])

    async def sent() -> None:
        async with receiver(saying(OK)) as seen, Sender(private=True, resolve=resolve) as sender:
            for host in ("one.test", "two.test", "one.test", "two.test"):
                assert (await sender.send(seen.url(host), HEADERS, BODY)).why == ""
            assert seen.connections == 2
            assert asked == ["one.test", "two.test"]
            assert [head[1] for head, _ in seen.requests[:2]] == [
                f"Host: one.test:{seen.port}",
                f"Host: two.test:{seen.port}",
            ]

    asyncio.run(sent())


def test_so_many_go_out_at_a_time_and_the_others_do_not_lose_their_time_waiting() -> None:
    async def slow(writer: Writer) -> None:
        await asyncio.sleep(0.1)
        writer.write(OK)

    async def sent() -> None:
        async with receiver(slow) as seen, Sender(private=True, connections=2, seconds_max=1) as sender:
            answers = await asyncio.gather(*(sender.send(seen.url(), HEADERS, BODY) for _ in range(30)))
            assert {answer.why for answer in answers} == {""}
            assert (seen.open_most, len(seen.requests)) == (2, 30)

    asyncio.run(sent())


def test_the_next_address_is_tried_when_one_takes_no_connection() -> None:
    resolve, asked = resolving(["::1", "127.0.0.2", "127.0.0.1"])

    async def sent() -> None:
        async with receiver(saying(OK)) as seen, Sender(private=True, resolve=resolve) as sender:
            assert (await sender.send(seen.url("receiver"), HEADERS, BODY)).why == ""
        assert (await closed(resolve, seen.url("receiver"))).why == NO_CONNECTION
        assert asked == ["receiver", "receiver"]

    async def closed(resolve: Callable[[str, int], Awaitable[Sequence[str]]], url: str) -> Answer:
        async with Sender(private=True, resolve=resolve) as sender:
            return await sender.send(url, HEADERS, BODY)

    asyncio.run(sent())


def test_the_systems_names_and_ipv6_are_understood() -> None:
    async def sent() -> None:
        async with receiver(saying(OK)) as seen, Sender(private=True) as sender:
            assert (await sender.send(seen.url("localhost"), HEADERS, BODY)).why == ""
        async with receiver(saying(OK), host="::1") as seen, Sender(private=True) as sender:
            assert (await sender.send(seen.url("[::1]"), HEADERS, BODY)).why == ""
            assert seen.requests[0][0][1] == f"Host: [::1]:{seen.port}"

    asyncio.run(sent())


@pytest.mark.parametrize("found", [[], ["not an address"]])
def test_a_name_without_an_address_is_not_found(found: Sequence[str]) -> None:
    resolve, _ = resolving(found)

    async def sent() -> None:
        async with Sender(private=True, resolve=resolve) as sender:
            assert (await sender.send("http://receiver/", HEADERS, BODY)).why == NAME_NOT_FOUND

    asyncio.run(sent())


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
)
def test_no_bytes_whatever_raise_anything(noise: bytes, before: bytes) -> None:
    said = answer_to(saying(before + noise, then_close=True))
    assert said.why in {"", BROKEN, NOT_2XX, REDIRECTED}
    assert (said.why == "") == (said.status is not None and 200 <= said.status < 300)
