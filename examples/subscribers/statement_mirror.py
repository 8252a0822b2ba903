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

COLUMNS = "period text, position integer, n integer, counterparty text, cents integer, primary key (position, n)"
TO_COME = "2199-12"
"""A period after all others: what it opens with is the balance of everything before it."""
# With the star a kind of posting that this program does not know stops it, where it would be missing in silence.
POSTINGS = "tasma.revenue.*"


class Mirror(Consumer):
    """Writes each line in the transaction of its event. Positive cents: due to the partner."""

    def __init__(self, *given: Any, partner: str) -> None:  # noqa: ANN401 - what every consumer takes, passed on
        super().__init__(*given)
        self.partner = partner
        self.db.execute(f"create table if not exists line ({COLUMNS})")

    def take(self, line: Line) -> None:
        data = line.event["data"]
        for n, (counterparty, cents) in enumerate(self._lines(line.event["type"], data)):
            row = (data["period"], line.position, n, counterparty, cents)
            self.db.execute("insert into line values (?, ?, ?, ?, ?)", row)

    def _lines(self, kind: str, data: dict[str, Any]) -> Iterator[tuple[str, int]]:
        """What a division makes due: to each partner its shares, by the collector, who keeps its own."""
        sign = {"tasma.revenue.shared.v1": 1, "tasma.revenue.reversed.v1": -1}.get(kind)
        if sign is None:
            raise Fault(f"This program does not know what {kind} does to a statement: update it.")
        for share in data["shares"]:
            if share["cents"] and share["partner"] != data["collected_by"]:
                if self.partner == share["partner"]:
                    yield data["collected_by"], sign * share["cents"]
                elif self.partner == data["collected_by"]:
                    yield share["partner"], -sign * share["cents"]

    def differences(self) -> Iterator[str]:
        """A sentence for each period whose statement is another one, as of the event that was read last. Raises Fault."""
        query = "select period, count(*), sum(cents) from line group by period order by period"
        opening = 0
        for period, lines, cents in self.db.execute(query).fetchall():
            stated = self.stated(period)
            found = (stated["opening_cents"], len(stated["lines"]), stated["closing_cents"])
            mirrored = (opening, lines, opening := opening + cents)
            say(f"{period}: opening {mirrored[0]:,}, {lines:,} lines, closing {opening:,} cents; {stated['state']}")
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
        with opened(kind, given.url, given.file, Question(types=POSTINGS), given.key) as mirror:
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
