"""`tasma import kouta`: offerings from the national catalogue's JSON."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from adapters.cli.session import EXIT_REFUSED, format_option, with_network, write_json, write_table
from adapters.cli.session import table as table_of
from adapters.kouta.import_records import Imported
from adapters.wiring import Network


@click.group("import")
def import_() -> None:
    """Take over what others keep."""


@import_.command("kouta")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--provider",
    "bound",
    multiple=True,
    metavar="OID=ORG",
    help="An OID that belongs to a partner, beside those registered.",
)
@format_option
def kouta(files: tuple[Path, ...], bound: tuple[str, ...], form: str) -> None:
    """Publish, update or archive the offerings of Kouta records; each that cannot be is refused with its reason.

    A record's provider is the partner registered with its OID. A repeated import changes nothing.
    """
    pairs = dict(pair.split("=", 1) for pair in bound if "=" in pair)
    if len(pairs) < len(bound):
        raise click.BadParameter("OID=ORG is needed, each OID once.", param_hint="--provider")

    async def work(network: Network) -> Sequence[Imported]:
        report = await network.import_kouta([(f.name, f.read_bytes()) for f in files], pairs)
        await network.leader.catch_up_once()
        return report

    report = with_network(work)
    if refused := sum(each.result == "refused" for each in report):
        click.echo(f"{refused} of {len(report)} records were refused; the reasons stand beside them.", err=True)
    _print(report, form)
    if refused:
        sys.exit(EXIT_REFUSED)


def _print(report: Sequence[Imported], form: str) -> None:
    if form == "json":
        write_json(report)
        return
    table = table_of("file", "result", "offering", "reason")
    for each in report:
        table.add_row(each.source, each.result, each.offering or "", each.reason or "; ".join(each.notes))
    write_table(table)
