"""`tasma settle`: what is to be paid for a period by whom, and the file with which one of them pays."""

from pathlib import Path

import click
import msgspec

from adapters.bank.pain001 import pain001
from adapters.cli.output import hand_over
from adapters.cli.session import as_option, coordinator, page, with_network
from adapters.cli.session import table as table_of
from adapters.cli.statement import NotAPeriod
from adapters.payment_files import FileOf, payment_file_of
from adapters.settlement_accounts import accounts_in_time
from adapters.wiring import Network
from application.as_of import resolve
from application.desk import Asker
from domain.kernel import Refused
from domain.money import euros
from domain.words import Period
from projections.agreements import Agreement, agreements
from projections.rows import Rows
from projections.settlement_views import SettlementView, settlements_of
from projections.settlements import settlements

NEWER = (
    "The account, address or name of {0.organisation} was set anew on {0.set_on}: payments go where they were approved, until somebody "
    "who neither settled nor set it sends approve-settlement again."
)

AGAIN = (
    "{0.payment} to {0.payee} stood recorded as paid, wholly or in part, and that was taken back: look whether the account of {0.payer} "
    "shows it before paying it again."
)

UNAPPROVED = (
    "Not approved yet: somebody else approves it with approve-settlement, over HTTP with a token of their own; names at a command line "
    "are taken on trust."
)

LOOKED_BACK = (
    "This is the file as of position {0.position}, to be looked at: what was paid, taken back or approved since is not heeded. Hand in "
    "the one without --as-of."
)

CONTRADICTED = (
    "Of {0.payment} the account of {0.payer} shows {0.payer_cents} cents and that of {0.payee} {0.payee_cents}: look at both before "
    "paying the rest."
)


class NothingInForce(Refused):
    def __init__(self, period: str) -> None:
        super().__init__(f"No agreement is in force, so there is nothing to settle {period} under.")


@click.command("settle")
@click.argument("period")
@click.option("--agreement", metavar="ID", help="Under this one alone; else under every one in force.")
@click.option("--debtor", metavar="ORG", help="Write the payment file of one debtor instead (--format pain001).")
@click.option("--format", "form", type=click.Choice(["text", "json", "pain001"]), default="text")
@click.option(
    "--as-of",
    "as_of",
    metavar="X",
    help="With --debtor, the file as it was: at a position, a date (before the next midnight in Helsinki) or a time.",
)
@click.option("-o", "output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file instead.")
@as_option
def settle_command(
    period: str,
    agreement: str | None,
    debtor: str | None,
    form: str,
    as_of: str | None,
    output: Path | None,
    person: str | None,
) -> None:
    """Settle a closed PERIOD under every agreement where that is not done yet, and say who is to pay what to whom.

    A person answers for it, so say who you are. Somebody else approves it with the command approve-settlement. Whoever sits at this
    keyboard can read the database and issue tokens, so names are taken on trust here and in the files of `tasma run`: where two
    persons must be two, each sends its own command over HTTP, with a token of their own. From then on there is a payment file for
    each debtor, of what is still to be paid; --as-of shows the one that there was before it was paid.
    """
    if (debtor is None) is (form == "pain001"):
        raise click.UsageError("A payment file is one debtor's: give --debtor ORG and --format pain001, or neither.")
    if as_of is not None and debtor is None:
        raise click.UsageError(
            "--as-of is of a payment file: give --debtor ORG and --format pain001 with it, or leave it out."
        )
    try:
        msgspec.convert(period, Period)
    except msgspec.ValidationError:
        raise NotAPeriod(period) from None

    async def pay(network: Network) -> FileOf:
        position = await resolve(as_of, network.log, network.clock) if as_of is not None else None
        if position is None:
            await network.catch_up()
        return await payment_file_of(
            network.views, network.log, period=period, debtor=str(debtor), agreement=agreement, as_of=position
        )

    async def settle(network: Network) -> tuple[list[SettlementView], bool]:
        await network.catch_up()
        await _settle(network, period, agreement, coordinator(person))
        await network.catch_up()
        answer = await network.views.ask(settlements, lambda rows: settlements_of(rows, period, None))
        accounts = await accounts_in_time(network.log)
        shown = [accounts.shown(each, answer.position) for each in answer.value if agreement in (None, each.agreement)]
        return shown, (await network.log.head()).constructed

    if debtor is not None:
        _hand_over(with_network(pay), output, looked_back=as_of is not None)
        return
    found, constructed = with_network(settle)
    if form == "json":
        text = msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"
    else:
        text = _text(found, constructed=constructed).encode()
    hand_over(text, output, is_text=True)


def _hand_over(file: FileOf, output: Path | None, *, looked_back: bool) -> None:
    """The file, and on stderr what it cannot say."""
    hand_over(pain001(file.file), output, is_text=True)
    for left in file.left_out:
        click.echo(f"{left.payment} is not in the file: {left.why}", err=True)
    for again in file.again:
        click.echo(AGAIN.format(again), err=True)
        for unsure in file.contradicted:
            click.echo(CONTRADICTED.format(unsure), err=True)
    for newer in file.newer:
        click.echo(NEWER.format(newer), err=True)
    if looked_back:
        click.echo(LOOKED_BACK.format(file), err=True)


async def _settle(network: Network, period: str, agreement: str | None, asker: Asker) -> None:
    """Settle what is not settled yet, or came to nothing; each is planned before the next, so that nothing is paid twice."""
    in_force = (await network.views.ask(agreements, _in_force)).value
    settled = {
        each.agreement
        for each in (await network.views.ask(settlements, lambda rows: settlements_of(rows, period, None))).value
        if each.pairs or each.payments or each.state == "settled"
    }
    wanted = [agreement] if agreement else in_force
    if not wanted:
        raise NothingInForce(period)
    for each in wanted:
        if each not in settled:
            await network.desk.carry_out("settle-period", {"period": period, "agreement": each}, asker)
            await network.work_off()


def _in_force(rows: Rows) -> list[str]:
    return sorted({each.agreement for each in rows.under(Agreement) if each.in_force_on})


def _text(found: list[SettlementView], *, constructed: bool) -> str:
    console = page(constructed=constructed)
    for each in found:
        console.print(
            f"Settlement {each.number} of {each.period} under {each.agreement} ({each.mode}): {each.state}, to be paid on {each.pay_on}",
            highlight=False,
        )
        console.print(each.settlement, highlight=False)
        table = table_of("payer", "payee", "account", "reference", "state")
        table.add_column("to be paid", justify="right")
        for payment in each.payments:
            cents = euros(payment.cents, "en")
            account = payment.account.iban if payment.account else "none"
            table.add_row(payment.payer, payment.payee, account, payment.reference, payment.state, cents)
        console.print(table if each.payments else "Nobody is to pay anything.")
        for newer in each.newer_details:
            console.print(NEWER.format(newer), highlight=False)
        if not each.approved:
            console.print(UNAPPROVED)
    return console.export_text()
