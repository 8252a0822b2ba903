"""Sealed pages over HTTP: what is stored, as it is stored, to those who read everything."""

import asyncio
import hashlib
from typing import Any

import httpx
import psycopg
import pytest
import zstandard
from litestar import Response
from psycopg import sql

from adapters.http import route
from adapters.http.feed import events, lately, packed_pages
from adapters.http.feed.packed_pages import PackedPages
from adapters.http.network import Asked
from adapters.http.route import Route
from application.envelope import PAGE_EVENTS
from application.ports import Log
from tests.custody.restoring import body_of
from tests.custody.served import Served
from tests.custody.test_workers import served
from tests.feed.test_stream import stored
from tests.http.conftest import seen, world
from tests.http.world import COORDINATOR, World, run

__all__ = ["seen", "served", "world"]


@pytest.fixture(scope="module")
def sealed(served: Served) -> Served:
    """A network with a page and a little more, sealed and signed."""
    with httpx.Client(headers=served.headers) as client:
        for n in range(PAGE_EVENTS + 3 - len(stored(served))):
            url = f"{served.url}/v1/commands/register-organisation"
            assert client.post(url, json=body_of(f"o-{n}")).status_code == 201
    served.until(lambda: (served.figure("tasma_checkpoint_size") or 0) >= PAGE_EVENTS)
    served.until(lambda: served.get("/v1/feed/pages/0").status_code == 200)
    return served


def get(served: Served, path: str, accepted: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """An answer, and its body as it was sent."""
    given = {**served.headers, "Accept-Encoding": accepted, **headers}
    with httpx.stream("GET", f"{served.url}{path}", headers=given) as answer:
        return answer, b"".join(answer.iter_raw())


def lines(served: Served) -> bytes:
    return b"".join(body + b"\n" for _, body in stored(served)[:PAGE_EVENTS])


@pytest.mark.parametrize("accepted", ["zstd", "gzip, ZSTD;q=0.5", "br, zstd ; q=1.0"])
def test_who_takes_zstd_gets_the_stored_bytes(sealed: Served, accepted: str) -> None:
    answer, sent = get(sealed, "/v1/feed/pages/0", accepted)
    assert (answer.status_code, answer.headers["content-encoding"]) == (200, "zstd")
    with psycopg.connect(sealed.server.app_dsn) as connection:
        table = sql.Identifier(sealed.settings.network, "page")
        ((page,),) = connection.execute(sql.SQL("select body from {} where n = 0").format(table)).fetchall()
    assert sent == bytes(page)
    assert zstandard.ZstdDecompressor().decompress(sent) == lines(sealed)
    assert answer.headers["etag"] == f'"{hashlib.sha256(sent).hexdigest()[:32]}"'


@pytest.mark.parametrize(
    "accepted", ["identity", "gzip", "zstd;q=0", "zstd; q=0.000, *", "zstdx", "zstd;q=-1", "zstd;q=nan"]
)
def test_who_does_not_gets_the_lines(sealed: Served, accepted: str) -> None:
    answer, sent = get(sealed, "/v1/feed/pages/0", accepted)
    assert (answer.status_code, sent) == (200, lines(sealed))
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-type"] == "application/x-ndjson"


def test_a_page_that_a_checkpoint_covers_is_kept_for_good(sealed: Served) -> None:
    tags = set()
    for accepted in ("zstd", "identity"):
        answer, _ = get(sealed, "/v1/feed/pages/0", accepted)
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert answer.headers["vary"] == "Accept-Encoding, Authorization"
        assert answer.headers["tasma-position"] == str(PAGE_EVENTS)
        assert answer.headers["link"] == '</v1/feed/pages/1>; rel="next"'
        tags.add(tag := answer.headers["etag"])
        again, sent = get(sealed, "/v1/feed/pages/0", accepted, **{"If-None-Match": tag})
        assert (again.status_code, sent, again.headers["etag"]) == (304, b"", tag)
    assert len(tags) == 2


def test_a_large_batch_is_the_same_bytes_with_its_length(sealed: Served) -> None:
    answer = httpx.get(f"{sealed.url}/v1/feed?limit=256", headers=sealed.headers)
    whole = b"[" + b",".join(body for _, body in stored(sealed)[:PAGE_EVENTS]) + b"]"
    assert (answer.status_code, answer.content) == (200, whole)
    assert len(whole) > events.PIECE_BYTES
    assert answer.headers["content-length"] == str(len(whole))
    assert httpx.head(f"{sealed.url}/v1/feed?limit=256", headers=sealed.headers).content == b""


def test_a_page_that_is_not_sealed_yet_is_in_the_feed(sealed: Served) -> None:
    answer, _ = get(sealed, "/v1/feed/pages/1", "zstd")
    assert answer.status_code == 404
    problem: Any = httpx.get(f"{sealed.url}/v1/feed/pages/1", headers=sealed.headers).json()
    assert problem["type"] == "/problems/no-such-page"
    assert problem["detail"] == (
        "Page 1 is not sealed: it is to hold the events 257 to 512. What there is of them is at /v1/feed?after=256."
    )
    rest = httpx.get(f"{sealed.url}/v1/feed?after=256", headers=sealed.headers)
    assert rest.headers["tasma-position"] == str(len(stored(sealed)))


@pytest.mark.parametrize("n", ["-1", "00", "01", "x", "1.5", "%31%0a", "9" * 17, "²"])
def test_what_is_no_number_of_a_page_is_no_path(seen: World, n: str) -> None:
    answer = seen.get(f"/v1/feed/pages/{n}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-path")


@pytest.mark.parametrize(
    ("who", "status"),
    [(None, 401), ("coordinator", 404), ("auditor", 404), ("project auditor", 403), ("xamk", 403), ("mentor", 403),
     ("subscriber", 403), ("funder", 403)],
)  # fmt: skip
def test_pages_are_for_those_who_read_everything(seen: World, who: str | None, status: int) -> None:
    """The network is too young to have one: who may have it is told so."""
    for _ in range(2):
        assert seen.get("/v1/feed/pages/0", who).status_code == status


def test_a_revoked_token_opens_no_page_for_long(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a token is good is not asked with each page, but every few seconds."""
    assert world.get("/v1/feed/pages/0", "auditor").status_code == 404
    auditor = next(t for t in run(world.tokens.list()) if t.subject == "person:a")
    run(world.tokens.revoke(auditor.id))
    monkeypatch.setattr(lately, "GOOD_SECONDS", 0.0)
    assert world.get("/v1/feed/pages/0", "auditor").status_code == 401
    assert world.get("/v1/feed/pages/0", "coordinator").status_code == 404


def test_the_short_way_answers_as_the_long_way_does(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """And whatever is not simply a page that is at hand, for one who was let in, goes the long way."""
    for n in range(PAGE_EVENTS):
        body = {"organisation": f"org:o-{n}", "name": {"fi": f"o-{n}"}, "kind": "other"}
        run(world.desk.carry_out("register-organisation", body, COORDINATOR))
    run(world.tree.seal())
    frames = [zstandard.ZstdCompressor().compress(page) for page in run(world.log.pages(0, limit=9))]
    respond, long = route.respond, list[str]()

    async def packed(first: int, *, limit: int) -> list[bytes]:
        return frames[first : first + limit]

    async def counted(of: Route, request: Asked) -> Response[bytes]:
        long.append(request.url.path)
        return await respond(of, request)

    monkeypatch.setattr(world.log, "packed_pages", packed)
    monkeypatch.setattr(route, "respond", counted)

    def page(who: str | None = "coordinator", *, path: str = "/v1/feed/pages/0", **headers: str) -> httpx.Response:
        return world.get(path, who, headers={"Accept-Encoding": "zstd", **headers})

    first, second = page(), page()
    assert len(long) == 1
    assert (first.status_code, first.content) == (200, run(world.log.pages(0, limit=1))[0])
    assert (second.status_code, second.content) == (200, first.content)
    assert dict(first.headers) == dict(second.headers)
    assert first.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert page(**{"If-None-Match": first.headers["etag"]}).status_code == 304
    assert page(**{"Accept-Encoding": "gzip"}).content == first.content
    for who, status in ((None, 401), ("xamk", 403), ("project auditor", 403), ("mentor", 403)):
        assert page(who).status_code == status
    assert page(path="/v1/feed/pages/00").status_code == 404
    assert world.client.head("/v1/feed/pages/0", headers=world.authorised("coordinator")).content == b""
    monkeypatch.setattr(lately, "GOOD_SECONDS", 0.0)
    before = len(long)
    assert page().content == first.content
    assert len(long) == before + 1


def test_pages_in_memory_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing of a log that was put back is given out."""

    class Many:
        asked = 0
        era = 0

        async def packed_pages(self, first: int, *, limit: int) -> list[bytes]:
            self.asked += 1
            return [b"%d of era %d" % (n, self.era) for n in range(first, min(first + limit, 100))]

    monkeypatch.setattr(packed_pages, "KEPT_BYTES", 300)
    pages, many = PackedPages(), Many()
    log: Log = many  # type: ignore[assignment] # the part of it that is used

    async def promise() -> None:
        for n in range(100):
            page = await pages.get(log, many.era, n)
            assert page is not None
            assert page.body == b"%d of era 0" % n
        assert many.asked == -(-100 // packed_pages.READ_PAGES)  # several at a time
        assert len(pages._kept) <= 300 // len(b"99 of era 0")  # noqa: SLF001 - the promise is about memory
        assert await pages.get(log, many.era, 100) is None
        many.era = 1
        page = await pages.get(log, many.era, 99)
        assert page is not None
        assert page.body == b"99 of era 1"

    asyncio.run(promise())
