"""`tasma net`: who pays whom so that all are settled. Pure, touches no database."""

from pathlib import Path

import click

from adapters.cli.json_file import read_json
from adapters.cli.session import write, write_json
from domain.money import Netted, PairBalance, Payment, euros, net, parse_obligations

FILE_BYTES_MAX = 16_777_216


@click.command("net")
@click.option(
    "--obligations",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help='JSON file: [{"from": ORG, "to": ORG, "cents": N}].',
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "text"]),
    default="json",
    help="For programs (json) or people (text).",
)
def net_command(file: Path, form: str) -> None:
    """Net what organisations owe each other into few payments and say why each is made.

    The answer holds the position of each (positive: due to it), the payments, at most one fewer than there are
    organisations, each with the balances it follows from, and for each two what is owed, set off and paid.
    """
    netted = net(parse_obligations(read_json(file, bytes_max=FILE_BYTES_MAX)))
    if form == "json":
        write_json(netted)
    else:
        write(_text(netted))


def _text(netted: Netted) -> str:
    lines = ["Positions:"]
    lines += [f"  {each.organisation}  {euros(each.cents, 'en')}" for each in netted.positions] or ["  none"]
    lines.append("Payments:")
    lines += [line for each in netted.payments for line in _payment(each)] or ["  none, everybody is even"]
    return "\n".join(lines)


def _payment(payment: Payment) -> list[str]:
    paid = f"  {payment.payer} pays {payment.payee} {euros(payment.cents, 'en')}, because"
    return [paid, *(f"    {_owes(each)}" for each in payment.because)]


def _owes(balance: PairBalance) -> str:
    """A balance in words, whichever of the two owes it."""
    one, other, cents = balance.organisation, balance.counterparty, balance.cents
    if not cents:
        return f"{one} and {other} are even"
    return (
        f"{one} owes {other} {euros(-cents, 'en')}" if cents < 0 else f"{one} is owed {euros(cents, 'en')} by {other}"
    )
