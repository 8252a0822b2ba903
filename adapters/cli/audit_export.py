"""`tasma audit export`: the log as one file that auditors check without us."""

import os
from pathlib import Path

import click
import msgspec

from adapters.bundle.export import Exported, Source, export
from adapters.cli.audit import audit
from adapters.cli.session import format_option, with_network, write, write_json
from adapters.postgres.changed_events import Forked
from adapters.postgres.page_sealing import NoRoom, NotKept
from adapters.postgres.page_store import Unpageable
from adapters.postgres.row_hashes import RowHashes
from adapters.postgres.succession import NotOurs
from adapters.wiring import Network
from application.counting import counted
from domain.kernel import Refused
from domain.words import ProjectCode


class NotAProject(Refused):
    def __init__(self, code: str) -> None:
        super().__init__(f"{code!r} is no project code; S20967 is one.")


class DocumentsMissing(Refused):
    def __init__(self, exported: Exported) -> None:
        super().__init__(
            f"{counted(len(exported.missing), 'document is', 'documents are')} missing in the bundle, because what the log names is "
            f"not kept any more: {', '.join(exported.missing)}. {exported.file} was written all the same, and whoever checks it is "
            "told that it is not whole."
        )


async def source_of(network: Network) -> Source:
    """The network with a checkpoint of its head, if one can be signed."""
    return Source(
        network=network.settings.network,
        source=network.settings.source,
        log=network.log,
        tree=network.tree,
        documents=network.documents,
        rows=RowHashes(network.database, network.settings.network),
        views=network.views,
        doubt=await _seal(network),
    )


async def _seal(network: Network) -> str | None:
    """Sign a checkpoint of the head; where that cannot be done just now the newest one serves, and it is said.

    Why the newest may not be what this network signed, in a sentence; None where nothing speaks against it.
    """
    if network.read_only:
        return network.read_only
    try:
        await network.sealer.seal()
    except NotOurs as why:
        return str(why)
    except (Forked, NoRoom, NotKept, Unpageable) as why:
        click.echo(f"No new checkpoint was signed: {why}", err=True)
    return network.read_only


@audit.command("export")
@click.option("--project", metavar="CODE", help="Only the events that name this project, with the hashes of all.")
@click.option("-o", "output", type=click.Path(dir_okay=False, path_type=Path), help="Default: NETWORK-SIZE.zip here.")
@format_option
def export_command(project: str | None, output: Path | None, form: str) -> None:
    """Write the log, its checkpoint, its issued documents and a program that checks them into one zip file.

    The file gets its name when it is whole; one that is there already is not overwritten. Whoever receives it runs the
    verify.py inside, or `tasma audit verify --bundle FILE`.
    """
    try:
        msgspec.convert(project, ProjectCode | None)
    except msgspec.ValidationError:
        raise NotAProject(project or "") from None

    async def work(network: Network) -> Exported:
        return await export(await source_of(network), output, project)

    try:
        exported = with_network(work)
    except OSError as error:
        raise click.FileError(str(output or error.filename), os.strerror(error.errno or 0)) from error
    if form == "json":
        write_json(exported)
    else:
        write(_told(exported))
    if exported.missing:
        raise DocumentsMissing(exported)


def _told(exported: Exported) -> str:
    events = counted(exported.events, "event")
    which = f"{exported.exported:,} of {events}" if exported.project else events
    signed = f"signed up to position {exported.checkpoint:,}" if exported.checkpoint else "not signed"
    return f"{exported.file}: {which}, {counted(exported.documents, 'document')}, {signed}."
