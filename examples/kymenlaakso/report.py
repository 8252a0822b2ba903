"""What a person wants to see of the year: catalogue, workloads, referrals, statements, one line down to its events."""

import sys
from collections import Counter

from rich.console import Console
from rich.table import Table

from adapters.auditing.report import NotVerified
from adapters.auditing.verify import verify
from adapters.postgres.audit_reading import audit_reading
from adapters.wiring import Network
from application.as_of import resolve
from application.notices import CONSTRUCTED
from domain.money import euros
from examples.kymenlaakso.year import YEAR, Year
from projections.catalogue import Offering, catalogue, search
from projections.follow_ups import follow_ups, open_follow_ups
from projections.mentor_workloads import mentor_workloads, workloads
from projections.pathways import pathways, stages
from projections.referrals import board, referrals
from projections.statement import Account, Total, account_of, partners_stated, totals
from projections.statements import statements

PARTNER, PERIOD = "org:ekami", f"{YEAR}-11"
console = Console(file=sys.stdout, width=140, highlight=False, soft_wrap=True)


async def report(network: Network, year: Year, *, seconds: float) -> None:
    """Print everything, each part under the notice that it is constructed."""
    console.print(f"\n[bold]{CONSTRUCTED}[/bold]\n")
    await _catalogue(network, year)
    await _people(network, year)
    await _money(network)
    await _one_line(network)
    await _as_of(network)
    await _verification(network)
    head = await network.log.head()
    console.print(
        f"\n{head.position:,} events in {seconds:.1f} s: {head.position / seconds:,.0f} events/s, decided, appended, "
        f"projected and settled one after another.\n[bold]{CONSTRUCTED}[/bold]"
    )
    console.print(f"Next: make serve, or: .venv/bin/tasma statement --partner {PARTNER} --period {PERIOD} --line 1")


async def _verification(network: Network) -> None:
    """What an auditor would run. Raises NotVerified."""
    async with audit_reading(network.dsn, network.settings.network) as reading:
        found, _ = await verify(reading, views=network.views)
    if found.first_fault:
        raise NotVerified(found.first_fault, found.faults_in_all)
    console.print(
        f"\nVerified from the bytes: {found.size:,} events, {found.pages:,} sealed pages, {found.checkpoints:,} signed checkpoint, "
        f"{found.statements:,} issued statements recomputed.\nRoot {found.root}; the same by: tasma audit verify, or tasma audit "
        "export and python verify.py, which needs nothing of ours."
    )


async def _catalogue(network: Network, year: Year) -> None:
    offerings = (await network.views.ask(catalogue, lambda rows: list(rows.under(Offering)))).value
    providers = Counter(o.provider for o in offerings)
    console.print(f"Catalogue: {len(offerings)} offerings of {len(providers)} providers.")
    for record in year.imported:
        if record.result == "refused":
            console.print(f"  refused {record.source}: {record.reason}")
    today = (await network.now()).date()
    for query in ("logistiikassa", "robotiikkaa", "digitaidot"):
        found = (await network.views.ask(catalogue, lambda rows, q=query: search(rows, q, today=today))).value  # type: ignore[misc]  # the default binds the loop's value
        names = "; ".join(o.name.best("fi") for o in found[:4])
        console.print(f"  search {query!r}: {len(found)} found{': ' if names else ''}{names}")


async def _people(network: Network, year: Year) -> None:
    table = Table("mentor", "organisation", "clients now", "capacity", "guided in all", title="Mentors")
    loads = (await network.views.ask(mentor_workloads, workloads)).value
    for load in loads[:12]:
        table.add_row(load.mentor, load.organisation, str(load.mentees), str(load.capacity), str(load.assigned_total))
    console.print(table)
    everything = (await network.views.ask(referrals, board)).value
    by_stage = Counter(r.stage for r in everything)
    console.print(
        f"Referrals: {len(everything)}: " + ", ".join(f"{n} {stage}" for stage, n in sorted(by_stage.items()))
    )
    listed = (await network.views.ask(follow_ups, open_follow_ups)).value
    about = Counter(entry.about for entry in listed)
    if missing := [r.referral for r in everything if r.stage in ("declined", "expired") and about[r.referral] != 1]:
        raise AssertionError(f"{', '.join(missing)} should stand on the coordinator's list, once.")
    console.print(f"On the coordinator's list: {len(listed)}; every declined or expired referral stands there, once.")
    counts = (await network.views.ask(pathways, stages)).value
    console.print("Pathways: " + ", ".join(f"{n} {stage}" for stage, n in counts.items()))
    refused = ", ".join(f"{n} {name}" for name, n in sorted(year.refused.items())) or "nothing"
    console.print(f"The rules refused: {refused}.")


async def _money(network: Network) -> None:
    months = [f"{YEAR}-{month:02}" for month in range(1, 13)]
    by_month: list[list[Total]] = []
    for month in months:
        by_month.append((await network.views.ask(statements, lambda rows, m=month: totals(rows, m))).value)  # type: ignore[misc]  # noqa: PERF401 - see above
    table = Table("partner", title=f"Statements {YEAR}, twelve closed periods (euros, + due to the partner)")
    for heading in ("earned", "owed", "corrections", "closing balance", "lines"):
        table.add_column(heading, justify="right")
    for rows in zip(*by_month, strict=True):
        sums = [
            sum(t.earned_cents for t in rows),
            sum(t.owed_cents for t in rows),
            sum(t.corrected_cents for t in rows),
        ]
        closing = rows[-1].closing_cents
        table.add_row(rows[0].partner, *(euros(s, "en") for s in (*sums, closing)), str(sum(t.lines for t in rows)))
    everybody = [t for m in by_month for t in m]
    table.add_row(
        "all partners",
        euros(sum(t.earned_cents for t in everybody), "en"),
        euros(sum(t.owed_cents for t in everybody), "en"),
        euros(sum(t.corrected_cents for t in everybody), "en"),
        euros(sum(t.closing_cents for t in by_month[-1]), "en"),
        str(sum(t.lines for t in everybody)),
        style="bold",
    )
    console.print(table)
    for month, all_totals in zip(months, by_month, strict=True):
        if (left := sum(t.closing_cents for t in all_totals)) != 0:
            raise AssertionError(f"The closing balances of {month} sum to {left} cents, not to zero.")
    issued = 0
    for partner in (await network.views.ask(statements, partners_stated)).value:
        for month in months:
            found = await _account(network, partner, month)
            digest = found.digest
            if digest is None or digest != found.issued_digest or await network.documents.find(digest) is None:
                raise AssertionError(f"The statement of {partner} for {month} was not issued as it is recomputed now.")
            issued += 1
    console.print(
        f"Every period sums to zero over all partners. {issued} statements issued; each digest recomputed: equal."
    )


async def _one_line(network: Network) -> None:
    found = await _account(network, PARTNER, PERIOD)
    if not found.lines:
        console.print(f"{PARTNER} has no line in {PERIOD}.")
        return
    in_words = found.statement((await network.log.head()).position, None)
    line = max(in_words.lines, key=lambda each: abs(each.cents))
    console.print(f"\nOne line explained: {PARTNER} {PERIOD}, line {line.n}: {euros(line.cents, 'en')}")
    console.print(f"  fi: {line.text['fi']}\n  en: {line.text['en']}")
    for position in line.events:
        for event in await network.log.read(position - 1, limit=1):
            console.print(
                f"  event {position}: {event.type}, recorded {event.time:%Y-%m-%d %H:%M} UTC by {event.actor}"
            )


async def _as_of(network: Network) -> None:
    middle = await resolve(f"{YEAR}-11-15", network.log, network.clock)
    then = (await network.views.ask(statements, lambda rows: account_of(rows, PARTNER, PERIOD), as_of=middle)).value
    now = await _account(network, PARTNER, PERIOD)
    known = f"{len(then.lines)} lines, balance {euros(then.closing_cents, 'en')}" if then else "nothing"
    console.print(
        f"\nAs of {YEAR}-11-15 (position {middle}) {PARTNER} knew of {PERIOD}: {known}; "
        f"closed at position {now.cut}: {len(now.lines)} lines, balance {euros(now.closing_cents, 'en')}."
    )


async def _account(network: Network, partner: str, period: str) -> Account:
    found = (await network.views.ask(statements, lambda rows: account_of(rows, partner, period))).value
    if found is None:
        raise AssertionError(f"There is no statement of {partner} for {period}.")
    return found
