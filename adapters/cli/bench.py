"""`tasma bench`: how fast this machine appends, decides, rebuilds, gives out and closes, beside others in the same run."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial, reduce
from typing import Any

import click
import msgspec

from adapters.bench.report import Report
from adapters.cli.session import format_option, page, settings, write, write_json
from adapters.cli.session import table as table_of
from adapters.postgres.bench.room import Room, room

SEED = 2019
WRITERS_MAX, EVENTS_MAX = 256, 100_000_000
READERS_MAX, COMMITS_MAX = 5_000, 10_000
ENTRIES_MAX, PARTNERS_MIN, PARTNERS_MAX = 10_000_000, 7, 999
Measure = Callable[..., None]


def numbers(most: int, *, least: int = 1) -> Callable[[click.Context, click.Parameter, str], tuple[int, ...]]:
    """Reads whole numbers with commas between them, each from 1 to the most allowed, and at least so many of them."""

    def read(_: click.Context, option: click.Parameter, value: str) -> tuple[int, ...]:
        parts = [part.strip() for part in value.split(",")] if value else []
        if len(parts) < least or not all(part.isdecimal() and 1 <= int(part) <= most for part in parts):
            raise click.BadParameter(
                f"{value!r}: give whole numbers from 1 to {most:,} with commas between them.", param=option
            )
        return tuple(dict.fromkeys(map(int, parts)))

    return read


seconds_option = click.option(
    "--seconds", default=3.0, show_default=True, type=click.FloatRange(0.1, 600), help="Of each round."
)
rounds_option = click.option(
    "--rounds", default=2, show_default=True, type=click.IntRange(1, 100), help="Of each system, by turns."
)
seed_option = click.option("--seed", default=SEED, show_default=True, help="All ids and choices come from it.")
length_option = click.option(
    "--length",
    "lengths",
    default="",
    metavar="N,…",
    callback=numbers(EVENTS_MAX, least=0),
    help="Measure in logs that hold so many events already as well: 10000,1000000,10000000.",
)
peers_option = click.option("--peers", is_flag=True, help="Measure others beside Täsmä, by turns.")


@click.group("bench")
def bench() -> None:
    """Measure this machine. Nothing of TASMA_NETWORK is touched: a bench makes schemas of its own and drops them."""


def at_a_time(option: str) -> Callable[[Measure], Measure]:
    """The options of what is measured with several at a time; `option` is what these are called."""
    several = click.option(
        option,
        "writers",
        default="1,8,32",
        show_default=True,
        callback=numbers(WRITERS_MAX),
        metavar="N,…",
        help="At a time.",
    )
    options = (several, seconds_option, rounds_option, peers_option, length_option, seed_option, format_option)
    return lambda command: reduce(lambda given, option: option(given), reversed(options), command)


@bench.command("append")
@at_a_time("--writers")
def append_command(form: str, **wanted: Any) -> None:  # noqa: ANN401 - as `bench_appends` takes it
    """Append events, each under a condition; --peers beside eventsourcing, UmaDB and bare INSERTs."""
    # Here and below: the stock library is loaded for benches alone.
    from adapters.bench.appends import bench_appends  # noqa: PLC0415 - see above

    show(measured(partial(bench_appends, **wanted, say=say)), form)


@bench.command("decide")
@at_a_time("--deciders")
def decide_command(form: str, **wanted: Any) -> None:  # noqa: ANN401 - as `bench_decisions` takes it
    """Decide: look, decide, append; --peers beside the same decision written for eventsourcing."""
    from adapters.bench.decisions import bench_decisions  # noqa: PLC0415 - see above

    show(measured(partial(bench_decisions, **wanted, say=say)), form)


@bench.command("rebuild")
@click.argument("projections", nargs=-1, metavar="[PROJECTION]...")
@click.option(
    "--events",
    default=1_000_000,
    show_default=True,
    type=click.IntRange(1, EVENTS_MAX),
    help="Of the log, or some more.",
)
@rounds_option
@peers_option
@seed_option
@format_option
def rebuild_command(form: str, **wanted: Any) -> None:  # noqa: ANN401 - as `bench_rebuilds` takes it
    """Rebuild PROJECTION (none: each) from a long log like the demo's year; --peers beside eventsourcing's runner."""
    from adapters.bench.rebuilds import bench_rebuilds  # noqa: PLC0415 - see above

    show(measured(partial(bench_rebuilds, **wanted, say=say)), form)


@bench.command("feed")
@click.argument("parts", nargs=-1, metavar="[catch-up|live|relay|webhooks]...")
@click.option(
    "--events",
    default=100_000,
    show_default=True,
    type=click.IntRange(1, EVENTS_MAX),
    help="Of the log, or some more.",
)
@click.option("--readers", default=500, show_default=True, type=click.IntRange(1, READERS_MAX), help="Who listen.")
@click.option(
    "--commits",
    default="20,200",
    show_default=True,
    callback=numbers(COMMITS_MAX),
    metavar="N,…",
    help="A second, while they listen.",
)
@seconds_option
@rounds_option
@seed_option
@format_option
def feed_command(form: str, **wanted: Any) -> None:  # noqa: ANN401 - as `bench_feed` takes it
    """Give events out by each way (none named: all), beside bare routes and senders of the same bytes."""
    from adapters.bench.feeds import bench_feed  # noqa: PLC0415 - see above

    show(measured(partial(bench_feed, **wanted, say=say)), form)


@bench.command("close")
@click.option(
    "--entries",
    default=100_000,
    show_default=True,
    type=click.IntRange(1, ENTRIES_MAX),
    help="Of the month, or some more; first a quarter of them.",
)
@click.option(
    "--partners",
    default=200,
    show_default=True,
    type=click.IntRange(PARTNERS_MIN, PARTNERS_MAX),
    help="Each with a statement.",
)
@click.option(
    "--rounds",
    default=2,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Of each question, one after the other; the month is closed once.",
)
@seed_option
@format_option
def close_command(form: str, **wanted: Any) -> None:  # noqa: ANN401 - as `bench_closings` takes it
    """Close a month, issue its statements and documents, write one statement; beside sums by plain SQL over the same rows."""
    from adapters.bench.closings import bench_closings  # noqa: PLC0415 - see above

    show(measured(partial(bench_closings, **wanted, say=say)), form)


def measured(work: Callable[[Room], Awaitable[Report]]) -> Report:
    """Do it in a room of its own, which is cleared whatever happens."""

    async def run() -> Report:
        async with room(settings()) as place:
            say(f"in schemas {place.run}_… of PostgreSQL {place.postgresql}, dropped afterwards")
            return await work(place)

    return asyncio.run(run())


def say(text: str) -> None:
    click.echo(text, err=True)


def show(report: Report, form: str) -> None:
    """JSON with everything, or a table of results of each form, the ratios and how to read them; rounds are for programs."""
    if form == "json":
        write_json(report)
        return
    machine, console = report.machine, page()
    title = (
        f"tasma bench {report.bench}: {machine.cores} cores, Python {machine.python}, PostgreSQL {machine.postgresql}"
    )
    for form_of in dict.fromkeys(map(type, report.results)):
        rows = [msgspec.to_builtins(result) for result in report.results if type(result) is form_of]
        columns = [column for column in dict.fromkeys(column for row in rows for column in row) if column != "rounds"]
        table = table_of(*columns, title=title)
        for row in rows:
            table.add_row(*(_cell(row.get(column)) for column in columns))
        console.print(table)
    if report.ratios:
        ratios = table_of("ratio", "", title="in this run")
        for name, ratio in report.ratios.items():
            # Brackets in a name are no markup.
            ratios.add_row(name.replace("[", r"\["), f"{ratio:,.2f}")
        console.print(ratios)
    console.print(report.reading, highlight=False)
    write(console.export_text())


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.1f}"
        case list() | tuple():
            return "  ".join(map(_cell, value))
        case _:
            return str(value)
