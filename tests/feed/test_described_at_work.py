"""The loop on the page about the feed, typed into a shell, with a real server at the other end."""

import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from tests.custody.served import Served
from tests.examples.served_year import stored, year, year_bodies

__all__ = ["year", "year_bodies"]

WORK = "  # work through batch.json here, and keep the new $after in the same transaction\n"

pytestmark = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("sh")), reason="this machine has no curl")


def loop(year: Served) -> str:
    """As it stands on the page, but for the half minute that it waits for what may come."""
    shown = unescape(year.get("/docs/feed").text)
    (found,) = re.findall(r"<pre>(after=0\n.*?)</pre>", shown, flags=re.DOTALL)
    assert WORK in found
    return str(found).replace("wait=30", "wait=1")


def typed(program: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["/bin/sh", "-c", program], cwd=folder, capture_output=True, check=False, timeout=60)  # noqa: S603 - lines of our own page


def test_it_stops_and_shows_what_is_wrong_where_asking_again_does_not_help(year: Served, tmp_path: Path) -> None:
    done = typed(loop(year), tmp_path)
    assert b'"type":"/problems/token-unknown"' in done.stdout
    assert done.returncode == 0


def test_it_brings_everything_in_order(year: Served, tmp_path: Path) -> None:
    bearer = year.headers["Authorization"].removeprefix("Bearer ")
    work = '  cat batch.json; [ "$(cat batch.json)" = "[]" ] && break\n'
    done = typed(loop(year).replace("Bearer TOKEN", f"Bearer {bearer}").replace(WORK, work), tmp_path)
    events = stored(year)
    batches = [events[first : first + 1_000] for first in range(0, len(events), 1_000)]
    assert done.stdout == b"".join(b"[" + b",".join(batch) + b"]" for batch in [*batches, []])
