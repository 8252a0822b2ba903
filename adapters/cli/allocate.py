"""`tasma allocate`: try a sharing rule. Pure, touches no database."""

from pathlib import Path

import click

from adapters.cli.json_file import read_json
from adapters.cli.session import write_json
from domain.money import allocate, parse_rule


@click.command("allocate")
@click.option(
    "--rule",
    "rule_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="JSON file.",
)
@click.option("--amount", "amount_cents", type=int, required=True, help="Whole cents, without VAT.")
@click.option(
    "--quantity", "quantities", multiple=True, metavar="UNIT=DECIMAL", help="How much of a unit the rule counts."
)
@click.option("--bind", "bindings", multiple=True, metavar="role:x=org:y", help="Which organisation plays a role.")
@click.option(
    "--taken",
    "taken",
    multiple=True,
    metavar="PATH=CENTS",
    help="What a clause took of the pathway before: steps[0]=15000.",
)
def allocate_command(
    rule_file: Path, amount_cents: int, quantities: tuple[str, ...], bindings: tuple[str, ...], taken: tuple[str, ...]
) -> None:
    """Divide an amount by a sharing rule and say why each gets what.

    The answer is JSON: shares merged per target, what is kept, and one sentence for each share. Roles that are not bound
    stand for themselves. A rule that could lose or invent a cent is refused with the path of its fault.
    """
    raw = read_json(rule_file)
    result = allocate(
        parse_rule(raw),
        amount_cents,
        bind=_pairs(bindings, "--bind"),
        quantities=_pairs(quantities, "--quantity"),
        taken={path: _whole(cents) for path, cents in _pairs(taken, "--taken").items()},
    )
    write_json(result)


def _pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for pair in given:
        name, equals, value = pair.rpartition("=")
        if not (name and equals and value):
            raise click.BadParameter(f"{pair!r} is no NAME=VALUE.", param_hint=option)
        if name in pairs:
            raise click.BadParameter(f"{name} is given twice.", param_hint=option)
        pairs[name] = value
    return pairs


def _whole(cents: str) -> int:
    try:
        return int(cents)
    except ValueError:
        raise click.BadParameter(f"{cents!r} is no whole number of cents.", param_hint="--taken") from None
