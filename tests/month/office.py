"""What people do at their desks: they send commands and ask questions, over HTTP and in no other way."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Self
from uuid import UUID

import httpx
import psycopg
from psycopg import sql

from tests.custody.served import PATIENCE_SECONDS, Served
from tests.month.people import AUDITOR

CAMT = "/v1/bank-statements"


def at(day: str) -> str:
    """Nine in the morning of a day in Helsinki, where summer time begins on the last day of March."""
    return f"{day}T09:00:00+0{3 if day >= '2019-03-31' else 2}:00"


class Turned(NamedTuple):
    """How somebody was turned away, and whether anything came of it."""

    who: str
    what: str
    expected: tuple[int, str]
    answered: tuple[int, str]
    says: str
    appended: int
    """How many events the log has more."""


class Office:
    """A network behind a real server, and everybody's tokens."""

    def __init__(self, served: Served, bearers: Mapping[str, str]) -> None:
        self.served, self.bearers = served, bearers
        self.client = httpx.Client(base_url=served.url, timeout=PATIENCE_SECONDS)
        self.log = psycopg.connect(served.server.app_dsn, autocommit=True)
        self.turned: list[Turned] = []
        self.carried_out: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.log.close()

    # --- doing ---------------------------------------------------------------------------------------------------------
    def send(self, who: str, name: str, body: object, *, at: str | None = None) -> int:
        """A command that is carried out; the position of its last event."""
        answer = self._command(who, name, body, at)
        assert answer.status_code == 201, (who, name, answer.text)
        self.carried_out.add(name)
        position: int = answer.json()["position"]
        return position

    def made(self, position: int) -> Any:  # noqa: ANN401 - any JSON
        """What an event says."""
        return self.get(AUDITOR, f"/v1/events/{position}").json()["data"]

    def send_twice(self, who: str, name: str, body: object, key: UUID) -> None:
        """A command that is sent again, since its first answer might have been lost: it is carried out once."""
        first = self._command(who, name, body, None, key)
        self.settle_down()
        head = self.head
        second = self._command(who, name, body, None, key)
        assert (first.status_code, second.status_code, self.head) == (201, 200, head), second.text
        assert first.json() == second.json()

    def turned_away(self, status: int, kind: str, who: str, name: str, body: object, *, at: str | None = None) -> None:
        """A command that is refused, with what is said."""
        self._turned(status, kind, who, name, lambda: self._command(who, name, body, at))

    def not_taken(self, status: int, kind: str, who: str, what: str, body: bytes, *, at: str | None = None) -> None:
        """A bank's file that is refused."""
        self._turned(status, kind, who, what, lambda: self._file(who, body, at))

    def not_shown(self, status: int, kind: str, who: str, path: str) -> None:
        self._turned(status, kind, who, path, lambda: self.client.get(path, headers=self._as(who)))

    def hand_in(self, who: str, body: bytes, *, at: str | None = None) -> httpx.Response:
        """A bank's file that is taken."""
        answer = self._file(who, body, at)
        assert answer.is_success, answer.text
        return answer

    # --- asking --------------------------------------------------------------------------------------------------------
    def get(self, who: str, path: str) -> httpx.Response:
        answer = self.client.get(path, headers=self._as(who))
        assert answer.status_code == 200, (who, path, answer.text)
        return answer

    def listed(self, who: str, path: str) -> Sequence[Any]:
        """A list that fits on one page."""
        answer = self.get(who, path).json()
        assert answer.get("next") is None, path
        found: Sequence[Any] = answer["items"]
        return found

    def statement(self, who: str, partner: str, period: str) -> Any:  # noqa: ANN401 - any JSON
        return self.get(who, f"/v1/statements/{partner}/{period}").json()

    @property
    def head(self) -> int:
        """The log's own: what is refused must not be in it, whoever may ask for it."""
        table = sql.Identifier(self.served.settings.network, "event")
        (found,) = self.log.execute(sql.SQL("select coalesce(max(position), 0) from {}").format(table)).fetchone() or (
            0,
        )
        return int(found)

    def settle_down(self) -> None:
        """Wait until every policy has done its work and every read model has heard of it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._lags():
            assert time.monotonic() < deadline, self._lags()
            time.sleep(0.02)

    def _lags(self) -> Sequence[str]:
        health = self.client.get("/v1/health").json()
        # A policy may have appended since its own place was read, so each is compared with the head that was read before.
        followers = [*health["projections"], *health["policies"]]
        return [each["name"] for each in followers if each["position"] < health["head"] or each["state"] != "live"]

    # --- the wire ------------------------------------------------------------------------------------------------------
    def _as(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.bearers[who]}"}

    def _command(self, who: str, name: str, body: object, at: str | None, key: UUID | None = None) -> httpx.Response:
        headers = self._as(who) | ({"Tasma-At": at} if at else {}) | ({"Idempotency-Key": str(key)} if key else {})
        return self.client.post(f"/v1/commands/{name}", json=body, headers=headers)

    def _file(self, who: str, body: bytes, at: str | None) -> httpx.Response:
        headers = self._as(who) | ({"Tasma-At": at} if at else {}) | {"Content-Type": "application/xml"}
        return self.client.post(CAMT, content=body, headers=headers)

    def _turned(self, status: int, kind: str, who: str, what: str, ask: Callable[[], httpx.Response]) -> None:
        before = self.head
        answer = ask()
        said = answer.json()
        answered = (answer.status_code, str(said.get("type", "")).removeprefix("/problems/"))
        detail = str(said.get("detail", answer.text))
        self.turned.append(Turned(who, what, (status, kind), answered, detail, self.head - before))
