"""`tasma run`: a file of commands, one a line, carried out in order, each once."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec

from adapters.cli.session import coordinator, format_option, with_network, write, write_json
from adapters.wiring import Network
from application.access import Person
from application.desk import Asker
from application.door import BodyTooLarge, NotJson, read_body
from domain.kernel import Refused, Scope, derived

ALL_SCOPES: frozenset[Scope] = frozenset({"content", "finance-check", "finance-approve", "project"})
_NIL = UUID(int=0)


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a file."""

    do: str
    with_: Mapping[str, Any] = msgspec.field(name="with")
    at: datetime | None = None
    as_: str | None = msgspec.field(name="as", default=None)
    """An organisation; none: the coordinator."""
    by: Person | None = None
    """Whose doing it is, where a person has to answer for it."""


class LineRefused(Refused):
    """Where a file stopped. What stands before it is done; run the file again when the line is mended."""

    def __init__(self, name: str, number: int, why: object) -> None:
        super().__init__(f"{name}, line {number}: {why}")


@click.command("run")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@format_option
def run_command(file: Path, form: str) -> None:
    """Carry out the commands of FILE, a JSON object a line: {"do": "send-referral", "as": "org:xamk", "with": {…}}.

    `at` (a time with its zone) is allowed only in networks founded as constructed. There a line may leave out who signs what a
    person has to answer for; elsewhere it says so: "by": "person:…", taken on trust. Running a file twice changes nothing: a
    command's id follows from its line's number and bytes. The first line that is refused stops the run.
    """
    lines = file.read_bytes().splitlines()

    async def work(network: Network) -> dict[str, int]:
        done = repeated = 0
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                outcome = await _carry_out(network, number, line)
            except Refused as refusal:
                raise LineRefused(file.name, number, refusal) from refusal
            done += not outcome
            repeated += outcome
        await network.catch_up()
        return {"done": done, "repeated": repeated, "head": (await network.log.head()).position}

    result = with_network(work)
    if form == "json":
        write_json(result)
    else:
        write(
            f"{result['done']} commands done, {result['repeated']} had been done before; the log ends at {result['head']}."
        )


async def _carry_out(network: Network, number: int, line: bytes) -> bool:
    """Whether the line had been carried out before."""
    try:
        wanted = msgspec.convert(read_body(line), Line)
    except (NotJson, BodyTooLarge, msgspec.ValidationError) as error:
        raise NotALine(str(error).removesuffix(".")) from error
    if wanted.at is not None and wanted.at.tzinfo is None:
        raise NotALine("`at` needs a zone, such as 2019-03-05T09:00:00+02:00")
    asker = coordinator(wanted.by) if wanted.as_ is None else _partner(wanted.as_, wanted.by)
    if wanted.do == "close-period":
        await network.work_off()
    key = derived(_NIL, "run", number, line.hex())
    return (await network.desk.carry_out(wanted.do, wanted.with_, asker, key=key, at=wanted.at)).repeated


def _partner(organisation: str, person: str | None) -> Asker:
    """Somebody of a partner: by name, or whoever wrote the line."""
    return Asker(
        actor=person or f"person:{organisation.removeprefix('org:')}",
        role="partner",
        organisation=organisation,
        scopes=ALL_SCOPES,
        shared=person is None,
    )


class NotALine(Refused):
    def __init__(self, why: object) -> None:
        super().__init__(
            f'Not a command: {why}. A line is {{"do": NAME, "with": {{…}}}}, with "as", "by" and "at" if needed.'
        )
