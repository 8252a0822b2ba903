"""A partner's own copy of its statement lines, made of nothing but events, and compared with what the network states.

TASMA_TOKEN=… python -m examples.subscribers.statement_mirror http://127.0.0.1:8000 mirror.db org:ekami

The token is the partner's own. Exit code 1: a balance is not what the events say, or an event is not what was signed.
"""

import argparse
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from examples.subscribers.answers import Line
from examples.subscribers.checkpoints import Fault
from examples.subscribers.consumer import Consumer, Question, opened, say
from examples.subscribers.postings import POSTINGS, postings, vat_of

COLUMNS = """period text, position integer, n integer, counterparty text, cents integer, sells integer, code text, rate text,
primary key (position, n)"""
CLOSED = "tasma.settlement.period_closed.v1"
# A closed period is compared even where the mirror has no line of it.
PERIODS = """select period, count(cents), coalesce(sum(cents), 0)
from (select period, cents from line union all select period, null from closed) group by period order by period"""
CATEGORIES = """select counterparty, sells, code, rate, sum(cents) from line where rate is not null and period = ?
group by 1, 2, 3, 4 order by 1, 2, 3, 4"""
TO_COME = "2199-12"  # after all others: what it opens with is the balance of everything before it


class Mirror(Consumer):
    """Writes each line in the transaction of its event. Positive cents: due to the partner."""

    def __init__(self, *given: Any, partner: str) -> None:  # noqa: ANN401 - what every consumer takes, passed on
        super().__init__(*given)
        self.partner = partner
        self.db.execute(f"create table if not exists line ({COLUMNS})")
        self.db.execute("create table if not exists closed (period text primary key)")

    def take(self, line: Line) -> None:
        kind, data = line.event["type"], line.event["data"]
        if kind == CLOSED:
            self.db.execute("insert into closed values (?)", (data["period"],))
        for n, (_, *row) in enumerate(each for each in postings(kind, data) if each.partner == self.partner):
            values = (data["period"], line.position, n, *row)
            self.db.execute("insert into line values (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def taxes(self, period: str) -> list[tuple[str, int]]:
        """The lines of VAT: one for all that two partners sell each other one way in a period under one code and rate."""
        taxes = ((c, vat_of(cents, rate)) for c, _, _, rate, cents in self.db.execute(CATEGORIES, (period,)))
        return [(counterparty, cents) for counterparty, cents in taxes if cents]

    def differences(self) -> Iterator[str]:
        """A sentence for each period whose statement is another one, as of the event that was read last. Raises Fault."""
        opening = 0
        for period, count, cents in self.db.execute(PERIODS).fetchall():
            stated, taxes = self.stated(period), self.taxes(period)
            found = (stated["opening_cents"], len(stated["lines"]), stated["closing_cents"])
            mirrored = (opening, count + len(taxes), opening := opening + cents + sum(tax for _, tax in taxes))
            say(
                f"{period}: opening {mirrored[0]:,}, {mirrored[1]:,} lines, closing {opening:,} cents; {stated['state']}"
            )
            if found != mirrored:
                yield f"{period}: by the events opening, lines and closing are {mirrored}, the statement says {found}."
        if (total := self.stated(TO_COME)["opening_cents"]) != opening:
            yield f"All periods: by the events {opening:,} cents are due, the statements say {total:,}."

    def stated(self, period: str) -> dict[str, Any]:
        """The statement of a period as of the event that was read last. Raises Fault."""
        answer = self.get(f"/v1/statements/{self.partner}/{period}?as_of={self.after}", or_nothing=True)
        if answer is None:
            raise Fault(
                f"{self.partner} has no statements that this token may see: it is no partner of this network, or another one's "
                "token is needed."
            )
        return dict(answer.json())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Mirror a partner's statement lines and compare the balances.")
    parser.add_argument("url")
    parser.add_argument("file", help="SQLite: lines, and where to go on")
    parser.add_argument("partner", help="such as org:ekami")
    parser.add_argument("--key", action="append", default=[], help="a public key of the network")
    given = parser.parse_args(arguments)
    kind: Callable[..., Mirror] = functools.partial(Mirror, partner=given.partner)
    try:
        with opened(kind, given.url, given.file, Question(types=f"{POSTINGS},{CLOSED}"), given.key) as mirror:
            mirror.follow(once=True, stream=False)
            differences = list(mirror.differences())
    except Fault as fault:
        say(f"STOPPED. {fault}")
        return 1
    for sentence in differences:
        say(f"DIFFERENT. {sentence}")
    return int(bool(differences))


if __name__ == "__main__":
    sys.exit(main())
