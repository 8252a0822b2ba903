"""`tasma what-if`: try a drafted sharing rule or cost key on real history. Nothing is written."""

from pathlib import Path
from typing import Any

import click
import msgspec

from adapters.cli.json_file import read_json
from adapters.cli.session import COORDINATOR, format_option, with_network, write, write_json
from adapters.projecting.trying import Draft, tried
from adapters.wiring import Network
from application.door import Malformed, place_of
from application.notices import CONSTRUCTED
from domain.money import euros
from projections.what_if import Cause, ClauseCents, Comparison, PartnerDifference, WhatIf

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("what-if")
@click.option("--agreement", required=True, metavar="ID", help="agreement:kymenlaakso-2019")
@click.option("--rule", "rule_file", type=_FILE, help="A drafted sharing rule, as in draft-agreement.")
@click.option(
    "--cost-key",
    "key_file",
    type=_FILE,
    help="A drafted cost key; costs that a key of its name divided are divided anew.",
)
@click.option("--from", "first", metavar="MONTH", help="The first month whose entries count, such as 2019-01.")
@click.option("--to", "last", metavar="MONTH", help="The last one.")
@click.option(
    "--as-of", "as_of", metavar="X", help="A position, a date (before the next midnight in Helsinki) or a time."
)
@format_option
def what_if_command(
    agreement: str,
    rule_file: Path | None,
    key_file: Path | None,
    first: str | None,
    last: str | None,
    as_of: str | None,
    form: str,
) -> None:
    """Say what a drafted rule would have given each partner, beside what the rules in force gave it.

    Every revenue shared under the agreement is divided anew, with the roles, quantities and corrections of then; of what was
    taken back only what is left counts. Nothing is written.
    """
    draft = _draft(
        {
            "agreement": agreement,
            "sharing_rule": read_json(rule_file) if rule_file else None,
            "cost_key": read_json(key_file) if key_file else None,
            "from": first,
            "to": last,
            "as_of": as_of,
        }
    )

    async def work(network: Network) -> WhatIf:
        return await tried(draft, COORDINATOR, network.log, network.clock)

    found = with_network(work)
    if form == "json":
        write_json(found)
    else:
        write(_text(found))


def _draft(content: dict[str, Any]) -> Draft:
    try:
        return msgspec.convert(content, Draft)
    except msgspec.ValidationError as error:
        raise Malformed(*place_of(error)) from error


def _text(found: WhatIf) -> str:
    months = f"{found.first or 'the first month'} to {found.last or 'the last'}"
    lines = [CONSTRUCTED] if found.constructed else []
    lines.append(f"{found.agreement}, {months}, as of position {found.position}. Nothing was written.")
    if found.sharing:
        lines += ["", "What each partner gets of the revenue:", *_compared(found.sharing)]
    if found.costs:
        lines += ["", "What each partner bears of the costs:", *_compared(found.costs)]
    return "\n".join(lines)


def _compared(found: Comparison) -> list[str]:
    lines = [f"  {found.entries} entries of {euros(found.amount_cents, 'en')} divided anew"]
    for each in found.partners:
        lines.append(_difference(each))
        lines += [f"    {_cause(cause)}" for cause in each.causes]
    for left_out in found.not_divided:
        lines.append(
            f"  Could not be divided: {left_out.entries} entries of {euros(left_out.cents, 'en')}, the first at position "
            f"{left_out.first_position}: {left_out.why}"
        )
    return lines


def _difference(each: PartnerDifference) -> str:
    now, then = euros(each.now_cents, "en"), euros(each.then_cents, "en")
    return f"  {each.partner}: {now} now, {then} then, {euros(each.difference_cents, 'en')} difference"


def _cause(cause: Cause) -> str:
    what = cause.pathway or cause.entry
    now, then = _clauses(cause.now), _clauses(cause.then)
    return (
        f"{euros(cause.difference_cents, 'en')} at position {cause.position}, {what} in {cause.period}: {now} -> {then}"
    )


def _clauses(clauses: tuple[ClauseCents, ...]) -> str:
    return ", ".join(f"{each.clause} {euros(each.cents, 'en')}" for each in clauses) or "nothing"
