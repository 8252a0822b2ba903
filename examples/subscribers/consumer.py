"""A consumer of the feed that can be killed at any moment and believes nothing that was not signed.

    TASMA_TOKEN=… python -m examples.subscribers.consumer http://127.0.0.1:8000 events.db [--all] [--stream]

It needs httpx and the standard library; with `cryptography` it checks signatures as well. Make your own of it by a class with its
own `take`, as `statement_mirror` does: what that writes, the events and the place where to go on are one SQLite transaction, so
whatever dies when, each event is taken exactly once.
"""

import argparse
import contextlib
import itertools
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import NamedTuple, TypeVar

import httpx

from examples.subscribers.answers import REST_SECONDS_MAX, Later, Line, check_answer, line_of, lines_of, number
from examples.subscribers.checkpoints import (
    CHECKS_SIGNATURES,
    HASH_BYTES,
    WIDTH,
    Checkpoint,
    Fault,
    Tiles,
    add,
    check_signature,
    joined,
    leaf_hash,
    read,
)

WAIT_SECONDS = 25
"""How long the server may hold a question while there is nothing new."""
SILENCE_SECONDS = 45
"""A stream says something every 15 seconds; what is silent for longer is broken, even if no one has noticed."""
CHECK_SECONDS = 10.0
"""How often to ask for a newer checkpoint."""
REST_SECONDS = 1.0
"""Before the first new attempt; twice as long before each further one."""

TABLES = """
create table if not exists event (position integer primary key, body blob not null);
create table if not exists progress (
    one integer primary key check (one = 1),
    question text not null,
    after integer not null default 0,    -- everything up to here was read
    note text,                           -- the last checkpoint that all before it was compared with
    peaks blob not null default x'',     -- of the tree at that checkpoint, where everything is read
    keys text not null default ''        -- trusted to sign checkpoints
);
"""


C = TypeVar("C", bound="Consumer")


class Question(NamedTuple):
    """What of the log this reader is after. Another question needs another file: its place is a place in the answers to it."""

    whole: bool = False
    """All there is. Whether that is what comes must not be left to who sends it: a gap is a fault then."""
    types: str | None = None
    about: str | None = None

    @property
    def parameters(self) -> dict[str, str]:
        return {k: v for k, v in (("types", self.types), ("about", self.about)) if v}


class Consumer:
    """Reads on from where it was, and compares what it read with each checkpoint it gets past."""

    def __init__(self, client: httpx.Client, db: sqlite3.Connection, question: Question, keys: Sequence[str]) -> None:
        self.client, self.db, self._question = client, db, question
        db.executescript(TABLES)
        with db:
            asked = json.dumps(question._asdict())
            db.execute("insert or ignore into progress (one, question) values (1, ?)", (asked,))
        before, self.after, note, peaks, kept = db.execute(
            "select question, after, note, peaks, keys from progress"
        ).fetchone()
        if before != asked:
            raise Fault(f"This file holds the answers to {before}, now asked is {asked}: give another file.")
        self.checked = read(note) if note else None
        """The last checkpoint that was found right."""
        self._ahead: tuple[Checkpoint, Tiles] | None = None
        """A checkpoint that reading has not come to yet."""
        self._peaks = [peaks[i : i + HASH_BYTES] for i in range(0, len(peaks), HASH_BYTES)]
        self._keys: list[str] = list(keys) or kept.split()
        self._asked_at = -CHECK_SECONDS

    def take(self, line: Line) -> None:
        """What this consumer is for: write what follows from an event with `self.db`. Never commit here."""

    def follow(self, *, once: bool, stream: bool) -> None:
        """Read until the end of the log, then what is new, for ever or once. Raises Fault."""
        rest = REST_SECONDS
        while True:
            before = self.after
            try:
                self._catch_up()
                if once:
                    self._finish()
                    return
                self._listen() if stream else self._batch(WAIT_SECONDS)
                self._check()
                wait, why = 0.0, ""
            except Later as later:
                wait, why = max(later.seconds, rest), str(later)
            except httpx.RequestError as error:
                wait, why = rest, f"{type(error).__name__}: {error}"
            if why:
                say(f"At {self.after:,}: {why} Going on in {wait:.0f} s.")
                time.sleep(wait)
            rest = min(rest * 2, REST_SECONDS_MAX) if why and self.after == before else REST_SECONDS

    def _catch_up(self) -> None:
        # Checked before anything is taken: of a log that was put back nothing is.
        self._check()
        while self._page() or self._batch():
            self._check()

    def _finish(self) -> None:
        """Come to the newest checkpoint, if there is one."""
        self._asked_at = -CHECK_SECONDS
        self._check()
        while self._ahead:
            self._batch(WAIT_SECONDS)
            self._check()

    def _page(self) -> bool:
        """Old events come by pages, as they are stored: cheapest for both sides."""
        if not self._question.whole or self.after % WIDTH:
            return False
        answer = self.get(f"/v1/feed/pages/{self.after // WIDTH}", or_nothing=True)
        if answer is None:
            return False
        *bodies, end = answer.content.split(b"\n")
        if end or len(bodies) != WIDTH:
            raise Fault(f"A page has {WIDTH} lines; the one behind {self.after:,} has {len(bodies):,}.")
        return self._accept([line_of(body) for body in bodies], self.after + WIDTH)

    def _batch(self, wait: int = 0) -> bool:
        """What comes next, waited for if there is nothing; whether there was something."""
        # Who reads everything stops at the end of a page, so that the next question can be for one.
        limit = WIDTH - self.after % WIDTH if self._question.whole else 1000
        asked = {"after": str(self.after), "limit": str(limit), "wait": str(wait), **self._question.parameters}
        answer = self.ask("/v1/feed", asked)
        went_on = self._accept(lines_of(answer.content), number(answer.headers.get("Tasma-Position", "")))
        if wait and not went_on and self._ahead:
            raise Fault(
                f"A checkpoint was signed over {self._ahead[0].size:,} events, but nothing comes after {self.after:,}: the log was "
                "put back, or its end is withheld."
            )
        return went_on

    def _listen(self) -> None:
        """Server-Sent Events. What comes in one piece becomes one transaction."""
        headers, said = {"Last-Event-ID": str(self.after)}, b""
        with self.client.stream(
            "GET", "/v1/feed/stream", params=self._question.parameters, headers=headers
        ) as response:
            if response.status_code != HTTPStatus.OK:
                response.read()
            check_answer(response)
            for piece in response.iter_bytes():
                *messages, said = (said + piece).split(b"\n\n")
                lines, looked = list[Line](), self.after
                for message in messages:
                    fields = dict(row.partition(b": ")[::2] for row in message.split(b"\n"))
                    if fields.get(b"event") == b"resume":
                        # It says where to go on, too; what was committed here is what counts.
                        say(f"The server ended the stream: {fields.get(b'data', b'').decode(errors='replace')}")
                        break
                    looked = number(fields.get(b"id", looked))
                    if b"data" in fields:
                        lines.append(line_of(fields[b"data"]))
                self._accept(lines, looked)
                self._check()

    def _accept(self, lines: Sequence[Line], looked: int) -> bool:
        """Take events and the place behind them, all or nothing. Whether that is further on. Raises Fault."""
        positions = [self.after, *(line.position for line in lines)]
        if any(a >= b for a, b in itertools.pairwise(positions)) or positions[-1] > looked:
            raise Fault(f"Positions only rise; after {self.after:,} came {positions[1:5]}, up to {looked:,}.")
        if self._question.whole and len(lines) != looked - self.after:
            raise Fault(
                f"From {self.after:,} to {looked:,} came {len(lines):,} events: some are missing, or this token may not see all of "
                "them; then leave out --all and take another file."
            )
        if looked == self.after:
            return False
        with self.db:
            moved = self.db.execute("update progress set after = ? where after = ?", (looked, self.after))
            if moved.rowcount != 1:
                raise Fault("Another process works on this file; let one of them do it.")
            for line in lines:
                self.db.execute("insert into event values (?, ?)", line[:2])
                self.take(line)
        self.after = looked
        return True

    def _check(self) -> None:
        """Ask for a checkpoint from time to time, and compare all before it once that has been read. Raises Fault."""
        if not self._ahead and time.monotonic() - self._asked_at >= CHECK_SECONDS:
            self._ahead = self._newest()
            self._asked_at = time.monotonic()
        if self._ahead and self._ahead[0].size <= self.after:
            self._compare(*self._ahead)
            self._ahead = None

    def _newest(self) -> tuple[Checkpoint, Tiles] | None:
        """A checkpoint that goes on from the last one, by a trusted key, if there is one. Raises Fault."""
        answer, last = self.get("/v1/feed/checkpoint", or_nothing=True), self.checked
        if answer is None:
            if last:
                raise Fault(f"{last.size:,} events were signed, and now there is no checkpoint: the log was put back.")
            say("No checkpoint has been signed yet: nothing that was read is checked.")
            return None
        found = read(answer.content.decode(errors="replace"))
        if not self._keys:
            self._keys = json.loads(self.ask("/v1/feed/keys", {}).content)["log"]
            say(
                f"Trusting what the server shows as its key: {' '.join(self._keys)}. Compare it with one from elsewhere."
            )
        if CHECKS_SIGNATURES:
            check_signature(found.note, self._keys)
        elif not last:
            say(
                "Without the package `cryptography` no signature is checked: whoever sends events can send a root to them."
            )
        if last and found[:3] == last[:3]:
            return None
        if last and (found.origin != last.origin or found.size <= last.size):
            raise Fault(
                f"The log was put back or is another one: {last.origin} had signed {last.size:,} events, now {found.origin} signs "
                f"{found.size:,}. The older note is in this file and proves it; ask the coordinator."
            )
        tiles = Tiles(found, lambda path: self.ask(f"/v1/feed/{path}", {}).content)
        if last and tiles.root(last.size) != last.root:
            raise Fault(
                f"The log was rewritten: it no longer begins with the {last.size:,} events that were signed before. The older note "
                "is in this file and proves it; ask the coordinator."
            )
        return found, tiles

    def _compare(self, checkpoint: Checkpoint, tiles: Tiles) -> None:
        """Whether what was read since the last checkpoint is what was signed. Raises Fault."""
        last = self.checked.size if self.checked else 0
        rows = self.db.execute(
            "select position, body from event where position between ? and ? order by position",
            (last + 1, checkpoint.size),
        )
        peaks = list(self._peaks)
        if self._question.whole:
            for position, body in rows:
                add(peaks, position - 1, leaf_hash(body))
            if joined(peaks) != checkpoint.root:
                raise Fault(
                    f"What was sent from {last + 1:,} to {checkpoint.size:,} is not what was signed: its root is {joined(peaks).hex()}, "
                    f"that of the checkpoint {checkpoint.root.hex()}."
                )
        else:
            for position, body in rows:
                if tiles.leaf(position) != leaf_hash(body):
                    raise Fault(f"The event sent as {position:,} is not the one that was signed there.")
        with self.db:
            self.db.execute(
                "update progress set note = ?, peaks = ?, keys = ?",
                (checkpoint.note, b"".join(peaks), "\n".join(self._keys)),
            )
        self.checked, self._peaks = checkpoint, peaks

    def get(self, path: str, *, or_nothing: bool) -> httpx.Response | None:
        answer = self.client.get(path)
        if or_nothing and answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        return check_answer(answer)

    def ask(self, path: str, parameters: dict[str, str]) -> httpx.Response:
        return check_answer(self.client.get(path, params=parameters))


def say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


@contextlib.contextmanager
def opened(kind: Callable[..., C], url: str, file: str, question: Question, keys: Sequence[str]) -> Iterator[C]:
    """A consumer with its file and its connections, as long as the block lasts. Raises Fault."""
    token = os.environ.get("TASMA_TOKEN", "").strip()
    if not token:
        raise Fault(
            "Set TASMA_TOKEN to the token to read with; `make serve` prints some, the coordinator issues others."
        )
    headers = {"Authorization": f"Bearer {token}"}
    client = httpx.Client(base_url=url, headers=headers, timeout=httpx.Timeout(10, read=SILENCE_SECONDS))
    with client, contextlib.closing(sqlite3.connect(file, isolation_level="IMMEDIATE")) as db:
        yield kind(client, db, question, keys)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Follow the feed of a network, checked against what it signed.")
    parser.add_argument("url")
    parser.add_argument("file", help="SQLite: events, and where to go on")
    parser.add_argument("--all", action="store_true", help="read everything, by a token that may: every gap is a fault")
    parser.add_argument("--types", help="only these, with commas between; tasma.revenue.*: all that begin so")
    parser.add_argument("--about", help="only what concerns any of these ids, with commas between")
    parser.add_argument("--key", action="append", default=[], help="a public key of the network: name+hash+base64")
    parser.add_argument("--stream", action="store_true", help="live by Server-Sent Events, not by long poll")
    parser.add_argument("--once", action="store_true", help="stop at the end of the log")
    given = parser.parse_args(arguments)
    if given.all and (given.types or given.about):
        parser.error("--all is everything; leave out --types and --about")
    try:
        with opened(
            Consumer, given.url, given.file, Question(given.all, given.types, given.about), given.key
        ) as consumer:
            consumer.follow(once=given.once, stream=given.stream)
            (events,) = consumer.db.execute("select count(*) from event").fetchone()
            checked = consumer.checked
            found = {"position": consumer.after, "events": events, "checked": checked.size if checked else 0}
            sys.stdout.write(json.dumps({**found, "root": checked.root.hex() if checked else None}) + "\n")
    except Fault as fault:
        say(f"STOPPED. {fault}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
