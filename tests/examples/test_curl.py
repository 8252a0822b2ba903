"""The lines of curl in the README of the subscribers do what they say."""

import asyncio
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from application.access import Wish
from tests.custody.served import Served, issued
from tests.examples.served_year import stored, year, year_bodies

__all__ = ["year", "year_bodies"]

README = Path(__file__).parents[2] / "examples" / "subscribers" / "README.md"
TIMED_OUT = 28
"""Curl's exit code where `--max-time` ends a stream."""

pytestmark = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("sh")), reason="this machine has no curl")


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def printed(year: Served, block: str, token: str) -> bytes:
    """What a block of lines prints, where nothing is amiss."""
    done = subprocess.run(  # noqa: S603 - lines of our own README
        ["/bin/sh", "-c", block],
        env={"URL": year.url, "TOKEN": token, "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == (TIMED_OUT if "--max-time" in block else 0), (block, done.stderr)
    return done.stdout


def test_each_prints_what_is_said_of_it(year: Served) -> None:
    events, token = stored(year), year.headers["Authorization"].removeprefix("Bearer ")
    batch, some, polled, stream, page, signed, leaf = (printed(year, block, token) for block in blocks())
    assert batch.endswith(b"[" + b",".join(events[:2]) + b"]")
    assert re.search(rb"^tasma-position: 2\r$", batch, re.MULTILINE | re.IGNORECASE)
    wanted = [body for body in events if b'"type":"tasma.network.' in body and b'"subject":"org:ekami"' in body]
    assert some == b"[" + b",".join(wanted) + b"]"
    assert len(wanted) > 1
    assert b"200 OK" in polled
    assert polled.endswith(b"[]")
    assert stream.startswith(b"id: 1\ndata: " + events[0] + b"\n\nid: 2\n")
    assert page == b"".join(body + b"\n" for body in events[:256])
    assert signed.split(b"\n")[1] == b"%d" % len(events)
    assert len(leaf.split()) == 2
    assert len(set(leaf.split())) == 1, leaf


def test_the_first_event_is_the_first_leaf_by_any_token(year: Served) -> None:
    wish = Wish(role="subscriber", organisation="org:ekami")
    first, leaf = printed(year, blocks()[-1], asyncio.run(issued(year.settings, wish)).token).split()
    assert first == leaf


def test_who_may_not_take_pages_is_told_so_by_curl(year: Served) -> None:
    (page,) = (block for block in blocks() if "/pages/" in block)
    token = asyncio.run(issued(year.settings, Wish(role="subscriber", organisation="org:ekami"))).token
    with pytest.raises(AssertionError, match="error: 403"):
        printed(year, page, token)
