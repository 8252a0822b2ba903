"""`tasma status`: how far everything is, and whether anything needs somebody."""

from datetime import datetime

import click
from msgspec import Struct

from adapters.cli.session import format_option, with_network, write, write_json, write_table
from adapters.cli.session import table as table_of
from adapters.postgres.projection_status import Status
from adapters.webhooks.standing import Standing, standings
from adapters.wiring import Network
from application.counting import counted

LATE_SECONDS = 60.0
"""A full page is sealed within a second or two: one that waits a minute waits for somebody."""


class Sealed(Struct, frozen=True):
    pages: int
    lag_events: int
    lag_seconds: float


class Signed(Struct, frozen=True):
    """The newest checkpoint."""

    size: int
    at: datetime | None
    """None: none was ever signed."""
    lag_events: int
    lag_seconds: float
    kept_in: str
    """The file outside the database."""


class Verified(Struct, frozen=True):
    """The last time that all was recomputed and found right."""

    size: int
    at: datetime


class Catalogue(Struct, frozen=True):
    """Versions of the event catalogue: of this process, and the newest that the network has recorded events with."""

    own: int
    recorded: int


class NetworkStatus(Struct, frozen=True, kw_only=True):
    network: str
    constructed: bool
    head: int
    time: datetime | None
    read_only: str | None
    """Why nothing is appended."""
    sealed: Sealed
    checkpoint: Signed
    verified: Verified | None
    catalogue: Catalogue
    projections: tuple[Status, ...]
    policies: tuple[Status, ...]
    subscriptions: tuple[Standing, ...] = ()


@click.command("status")
@format_option
def status_command(form: str) -> None:
    """Say how far the log reaches and how far everything that follows it has come: read models, policies, seals, signatures."""
    found = with_network(_look)
    if form == "json":
        write_json(found)
        return
    table = table_of(
        "", "position", "lag, events", "lag, s", "state", title=f"{found.network}: {counted(found.head, 'event')}"
    )
    for row in (*found.projections, *found.policies):
        table.add_row(row.name, str(row.position), str(row.lag_events), f"{row.lag_seconds:.1f}", row.state)
    for one in found.subscriptions:
        table.add_row(
            f"{one.id} of {one.owner}", str(one.cursor), str(one.lag_events), f"{one.lag_seconds:.1f}", one.state
        )
    write_table(table)
    write("\n".join(sentences(found)))


async def _look(network: Network) -> NetworkStatus:
    head = await network.log.head()
    figures = await network.figures()
    return NetworkStatus(
        network=network.settings.network,
        constructed=head.constructed,
        head=head.position,
        time=head.time,
        read_only=network.read_only,
        sealed=Sealed(figures.pages, figures.unsealed_events, figures.unsealed_seconds),
        checkpoint=Signed(
            figures.checkpoint_size,
            figures.checkpoint_at,
            figures.unsigned_events,
            figures.unsigned_seconds,
            str(network.custody.file.path),
        ),
        verified=Verified(figures.verified_size, figures.verified_at) if figures.verified_at else None,
        catalogue=Catalogue(figures.catalogue, figures.recorded_catalogue),
        projections=tuple(await network.status()),
        policies=tuple(await network.policy_status()),
        subscriptions=tuple(await standings(await network.subscriptions.store.all(), network.log, network.clock())),
    )


def sentences(found: NetworkStatus) -> list[str]:
    """What a table of positions does not say."""
    told = [f"READ-ONLY: {found.read_only}"] if found.read_only else []
    if found.head and found.time is None:
        told.append(
            f"The row at position {found.head:,} has a time that no event can have: it was changed. `tasma audit verify` says what "
            "else was."
        )
    told.append(
        f"{counted(found.sealed.pages, 'page is', 'pages are')} sealed; "
        f"{counted(found.sealed.lag_events, 'event is', 'events are')} in none yet."
    )
    if found.sealed.lag_seconds > LATE_SECONDS:
        told.append(
            f"SEALING RESTS: the first full page has waited {found.sealed.lag_seconds:,.0f} s. The server's log says why, under "
            "`sealing.rests`; without a server at work nothing is sealed."
        )
    signed = found.checkpoint
    if signed.at is None:
        told.append("No checkpoint is signed: that needs a server at work with a signing key (TASMA_SIGNING_KEY).")
    else:
        told.append(
            f"The newest checkpoint covers {counted(signed.size, 'event')} and was signed {_when(signed.at)}; "
            f"{counted(signed.lag_events, 'event')} came since."
        )
    told += [
        fault.sentence for row in (*found.projections, *found.policies) if row.state == "halted" for fault in row.faults
    ]
    told += [f"Nothing is delivered to {one.id} of {one.owner}: {one.why}" for one in found.subscriptions if one.why]
    told.append(f"Outside the database the newest checkpoint is kept in {signed.kept_in}.")
    if found.verified:
        told.append(
            f"`tasma audit verify` last found all right {_when(found.verified.at)}, up to {found.verified.size:,}."
        )
    else:
        told.append("`tasma audit verify` has not run here yet.")
    own, recorded = found.catalogue.own, found.catalogue.recorded
    if own < recorded:
        told.append(
            f"This version knows {counted(own, 'version')} of events, the network has recorded with one that knows {recorded}: "
            "it reads and does not decide. Update it."
        )
    return told


def _when(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds")
