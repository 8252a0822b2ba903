"""`tasma serve | migrate | rebuild | close-period`: running a network."""

import asyncio
import socket
from collections.abc import Sequence
from datetime import timedelta

import click

from adapters.cli.demo import build
from adapters.cli.session import COORDINATOR, format_option, settings, with_network, write, write_json
from adapters.http.serve import serve
from adapters.postgres.rebuild import Rebuilt
from adapters.settings import NETWORK_DEFAULT
from adapters.wiring import Network, check_room
from application.access import Issued, Wish
from domain.calendar import day_of
from domain.kernel import Refused, facts
from domain.settlement.events import PeriodClosed


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that answer.")
@click.option("--demo", is_flag=True, help="Build the demo network if there is none, and print tokens to try it with.")
def serve_command(host: str, port: int, workers: int, *, demo: bool) -> None:
    """Serve the network over HTTP; /docs explains it, /v1/health says how it is."""
    if demo:
        _check_demo()
        if with_network(_is_unfinished):
            build()
        for issued in with_network(_demo_tokens):
            scopes = f" ({', '.join(issued.scopes)})" if issued.scopes else ""
            click.echo(
                f"{issued.role:<12} {issued.organisation or 'the whole network':<18}{scopes}\n    {issued.token}"
            )
        click.echo(f"\nTry: curl -H 'Authorization: Bearer TOKEN' http://{host}:{port}/v1/statements/org:ekami/2019-11")
    _check_address(host, port)
    if workers > 1:
        asyncio.run(check_room(settings(), workers))
    click.echo(
        f"Serving {settings().network} on http://{host}:{port} (documentation: /docs). Stop with Ctrl-C.", err=True
    )
    serve(host, port, workers)


class AddressTaken(Refused):
    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(f"{host}:{port} cannot be served: {why}. Choose another with --host and --port.")


def _check_address(host: str, port: int) -> None:
    """Refuse an address that somebody else serves: the kernel would give requests to either."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            trial.listen()
    except OSError as error:
        raise AddressTaken(host, port, error.strerror or str(error)) from None


class NotTheDemo(Refused):
    """Tokens for everything are printed for the demo's network alone."""

    def __init__(self, network: str) -> None:
        super().__init__(
            f"TASMA_NETWORK names {network}, which is not the demo's network; `--demo` prints tokens that open everything, "
            f"so it serves {NETWORK_DEFAULT} only. Unset TASMA_NETWORK, or serve without `--demo`."
        )


def _check_demo() -> None:
    if (network := settings().network) != NETWORK_DEFAULT:
        raise NotTheDemo(network)


async def _is_unfinished(network: Network) -> bool:
    """Whether the demo was never built, or not to its end."""
    return not (await network.log.look((facts(PeriodClosed, about="period:2019-12"),))).events


async def _demo_tokens(network: Network) -> list[Issued]:
    """Tokens of three people, good until tomorrow."""
    tomorrow = day_of(network.clock()) + timedelta(days=1)
    wishes = (
        Wish(role="coordinator", subject="person:coordinator", expires_on=tomorrow),
        Wish(
            role="partner",
            organisation="org:ekami",
            subject="person:ekami-checker",
            scopes=frozenset({"content", "finance-check"}),
            expires_on=tomorrow,
        ),
        Wish(role="auditor", subject="person:auditor", expires_on=tomorrow),
    )
    return [await network.tokens.issue(wish) for wish in wishes]


@click.command("migrate")
@format_option
def migrate_command(form: str) -> None:
    """Bring the network's schema up to date (needs TASMA_ADMIN_DATABASE_URL, unless PostgreSQL is embedded)."""

    async def done(network: Network) -> str:
        return network.settings.network

    network = with_network(done)
    if form == "json":
        write_json({"network": network})
    else:
        write(f"The schema {network} is up to date.")


@click.command("rebuild")
@click.argument("projection", required=False)
@format_option
def rebuild_command(projection: str | None, form: str) -> None:
    """Build read models anew from the log, say what came out differently, and put them in place of the old.

    Without PROJECTION all of them, one after another. Readers see the old ones until the moment of the change.
    """

    async def work(network: Network) -> Sequence[Rebuilt]:
        await network.leader.catch_up_once()
        return await network.rebuild(projection)

    for result in with_network(work):
        if form == "json":
            write_json(result)
        else:
            write(_rebuilt(result))


def _rebuilt(result: Rebuilt) -> str:
    if result.fault:
        return f"{result.projection}: {result.fault.sentence}"
    differing = ", ".join(
        f"{d.table} ({d.only_old} gone, {d.only_new} new, {d.different} changed{f', {d.repeated} repeated' if d.repeated else ''})"
        for d in result.differences
    )
    compared = "nothing to compare with" if result.compared_at is None else f"compared at position {result.compared_at}"
    return f"{result.projection}: rebuilt up to position {result.position}, {compared}: {differing or 'no difference'}."


@click.command("close-period")
@click.argument("period")
@format_option
def close_period_command(period: str, form: str) -> None:
    """Close a period of the books and issue every partner's statement of it."""

    async def work(network: Network) -> dict[str, object]:
        await network.work_off()
        outcome = await network.desk.carry_out("close-period", {"period": period}, COORDINATOR)
        await network.catch_up()
        return {"period": period, "position": outcome.position}

    closed = with_network(work)
    if form == "json":
        write_json(closed)
    else:
        write(f"{period} is closed at position {closed['position']}; its statements are issued.")
