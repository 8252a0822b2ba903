"""The lines of curl in the README of the subscribers do what they say."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.custody.test_workers import Served
from tests.examples.served_year import stored, year, year_bodies

__all__ = ["year", "year_bodies"]

README = Path(__file__).parents[2] / "examples" / "subscribers" / "README.md"
TIMED_OUT = 28
"""Curl's exit code where `--max-time` ends a stream."""

pytestmark = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("sh")), reason="this machine has no curl")


def answers(year: Served) -> list[bytes]:
    """What each block of lines prints, in their order."""
    token = year.headers["Authorization"].removeprefix("Bearer ")
    found = []
    for block in re.findall(r"^```sh\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        done = subprocess.run(  # noqa: S603 - lines of our own README
            ["/bin/sh", "-c", block],
            env={"URL": year.url, "TOKEN": token, "PATH": "/usr/local/bin:/usr/bin:/bin"},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == (TIMED_OUT if "--max-time" in block else 0), (block, done.stderr)
        found.append(done.stdout)
    return found


def test_each_prints_what_is_said_of_it(year: Served) -> None:
    events = stored(year)
    batch, some, polled, stream, page, signed, leaf = answers(year)
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
    assert len(set(leaf.split())) == 1, leaf
