"""`tasma match camt`: an account statement of a bank, read back and matched to the payments of settlements."""

from collections import Counter
from pathlib import Path

import click

from adapters.bank_intake import BankIntake
from adapters.bank_taken import Taken
from adapters.cli.session import COORDINATOR, format_option, page, with_network, write, write_json
from adapters.cli.session import table as table_of
from adapters.wiring import Network
from domain.kernel import Refused
from domain.money import euros


class LinesRefused(Refused):
    def __init__(self, sentences: list[str]) -> None:
        many = f"{len(sentences)} lines were" if len(sentences) > 1 else "One line was"
        said = " ".join(sorted(set(sentences)))
        super().__init__(f"{many} refused, the others are done: {said} Read the file again when that is mended.")


@click.group("match")
def match_group() -> None:
    """Match what banks say with what was to be paid."""


@match_group.command("camt")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@format_option
def camt_command(file: Path, form: str) -> None:
    """Read FILE, an account statement (camt.053) or a notification (camt.054) of a bank.

    Lines that show a payment of an approved settlement are recorded for it; all others end on the list of what somebody has to
    look after, and those of an account that nobody here has set are refused by name. Read twice, a file changes nothing.
    """
    body = file.read_bytes()

    async def work(network: Network) -> Taken:
        await network.catch_up()
        taken = await BankIntake(network.desk, network.views).take_in(body, COORDINATOR)
        await network.catch_up()
        return taken

    taken = with_network(work)
    if form == "json":
        write_json(taken)
    else:
        _print(taken)
    if sentences := [line.why for line in taken.lines if line.why]:
        raise LinesRefused(sentences)


def _print(taken: Taken) -> None:
    console = page()
    table = table_of("line", "booked on", "outcome", "payment or reason", "position")
    table.add_column("sum", justify="right")
    for line in taken.lines:
        position = "" if line.position is None else str(line.position)
        outcome = f"{line.outcome}, on the list" if line.listed else line.outcome
        shown = line.payment or line.reason or ""
        table.add_row(line.bank_line, str(line.booked_on), outcome, shown, position, euros(line.cents, "en"))
    console.print(table)
    counts = Counter(line.outcome for line in taken.lines)
    said = ", ".join(f"{n} {outcome}" for outcome, n in counts.items()) or "no lines"
    console.print(
        f"{taken.message_id}: {said}; {taken.left_out} entries moved no money.", highlight=False, markup=False
    )
    write(console.export_text())
