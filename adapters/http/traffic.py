"""What each process of the server counts, and how one of them can tell the sum of all.

Every process writes its counts into a folder they share, once a second and when it ends; whoever is asked adds up its own of
this moment and the others' files. A process that was killed stays in the sum with all but its last second; of what it had
waiting nothing is left.
"""

import asyncio
import os
import secrets
from bisect import bisect_left
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Final

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from msgspec import Struct, field

from adapters.figures import Batches, Work

FOLDER: Final = "TASMA_WORKERS_DIR"
"""The variable that names the shared folder; `serve` makes it, nobody sets it."""
SHARE_SECONDS: Final = 1.0
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram of durations."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
OTHER: Final = "other"
"""Stands for any method or path that is not offered: what clients make up is no label."""


logger = structlog.get_logger()


class Requests(Struct):
    """What was asked in one way: by method and route."""

    method: str
    route: str
    statuses: dict[str, int] = field(default_factory=dict)
    """By class: 2xx."""
    durations: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    seconds: float = 0.0


class Counts(Struct):
    """All that one process counts, or all of them together."""

    requests: dict[str, Requests] = field(default_factory=dict)
    work: Work = field(default_factory=Work)

    def request(self, method: str, route: str | None, status: int, seconds: float) -> None:
        method, route = method if method in METHODS else OTHER, (route or OTHER).replace(":str}", "}")
        key = f"{method} {route}"
        of = self.requests.get(key) or self.requests.setdefault(key, Requests(method, route))
        kind = f"{status // 100}xx"
        of.statuses[kind] = of.statuses.get(kind, 0) + 1
        of.durations[bisect_left(SECONDS, seconds)] += 1
        of.seconds += seconds

    def add(self, other: "Counts", *, lives: bool) -> None:
        """Add another process's counts; of one that no longer lives nothing waits or rests."""
        for key, theirs in other.requests.items():
            ours = self.requests.setdefault(key, Requests(theirs.method, theirs.route))
            for kind, number in theirs.statuses.items():
                ours.statuses[kind] = ours.statuses.get(kind, 0) + number
            ours.durations = [a + b for a, b in zip(ours.durations, theirs.durations, strict=True)]
            ours.seconds += theirs.seconds
        work, more = self.work, other.work
        work.decisions += more.decisions
        work.events += more.events
        work.conflicts += more.conflicts
        work.refused += more.refused
        work.resting += more.resting if lives else 0
        for kind, batches in more.batches.items():
            of = work.batches.setdefault(kind, Batches())
            of.waiting += batches.waiting if lives else 0
            of.items += batches.items
            of.sizes = [a + b for a, b in zip(of.sizes, batches.sizes, strict=True)]


_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder(Counts).decode


class Traffic:
    """The counts of this process, among those of the others where there is a shared folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self._own, self._folder = Counts(), folder
        # A process id comes again; the counts of one that is gone must not be written over.
        self._file = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._untold: str | None = None
        """Why the others could not be told last."""

    def counting(self, app: ASGIApp) -> ASGIApp:
        """The application, with every request counted: how long it took until the answer began."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP:
                await app(scope, receive, send)
                return
            method, began, done = scope["method"], perf_counter(), False

            def count(status: int) -> None:
                nonlocal done
                if not done:
                    route = scope.get("path_template")
                    self._own.request(method, route, status, perf_counter() - began)
                    done = True

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    count(message["status"])
                await send(message)

            try:
                await app(scope, receive, sending)
            finally:
                count(500)

        return counted

    def total(self, work: Work) -> Counts:
        """The sum over all processes; `work` is what this one has done."""
        total = Counts()
        self._own.work = work
        total.add(self._own, lives=True)
        for pid, theirs in self._others():
            total.add(theirs, lives=_lives(pid))
        return total

    async def share(self, work: Callable[[], Work]) -> None:
        """Tell the other processes, once a second and at the end, until cancelled. What cannot be written now is told later."""
        if self._folder is None:
            return
        try:
            while True:
                self._tell(work())
                await asyncio.sleep(SHARE_SECONDS)
        finally:
            self._tell(work())

    def _tell(self, work: Work) -> None:
        before = self._untold
        try:
            self._write(work)
            self._untold = None
        except OSError as error:
            self._untold = error.strerror or type(error).__name__
        if self._untold and self._untold != before:
            logger.warning("traffic.untold", why=self._untold)
        elif before and not self._untold:
            logger.info("traffic.told_again")

    def _write(self, work: Work) -> None:
        if self._folder is None or not self._folder.is_dir():
            return
        self._own.work = work
        aside = self._folder / f"{self._file}.new"
        aside.write_bytes(_encode(self._own))
        aside.replace(self._folder / f"{self._file}.json")

    def _others(self) -> Iterator[tuple[int, Counts]]:
        for path in sorted(self._folder.glob("*.json")) if self._folder else ():
            if path.stem != self._file:
                yield int(path.stem.partition("-")[0]), _decode(path.read_bytes())


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
