"""What a person wants to see of the year: catalogue, workloads, referrals, statements, one line down to its events."""

import sys
from collections import Counter
from collections.abc import Iterable

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
from projections.documents import IssuedDocument, documents
from projections.follow_ups import follow_ups, open_follow_ups
from projections.mentor_workloads import mentor_workloads, workloads
from projections.pathways import pathways, stages
from projections.referrals import board, referrals
from projections.settlement_views import SettlementView, settlements_of
from projections.settlements import settlements
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
    await _settlement(network)
    await _one_line(network)
    await _as_of(network)
    await _verification(network)
    head = await network.log.head()
    console.print(
        f"\n{head.position:,} events in {seconds:.1f} s: {head.position / seconds:,.0f} events/s, decided, appended, "
        f"projected and settled one after another.\n[bold]{CONSTRUCTED}[/bold]"
    )
    console.print(f"Next: make serve, or: .venv/bin/tasma statement --partner {PARTNER} --period {PERIOD} --line 1")
    console.print(
        f"As its treasurer gets it: .venv/bin/tasma statement --partner {PARTNER} --period {PERIOD} --format pdf -o statement.pdf"
    )


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
    for heading in ("earned", "owed", "costs", "VAT", "corrections", "paid and set off", "closing balance", "lines"):
        table.add_column(heading, justify="right")
    for rows in zip(*by_month, strict=True):
        sums = _sums(rows)
        closing = rows[-1].closing_cents
        table.add_row(rows[0].partner, *(euros(s, "en") for s in (*sums, closing)), str(sum(t.lines for t in rows)))
    everybody = [t for m in by_month for t in m]
    table.add_row(
        "all partners",
        *(euros(s, "en") for s in _sums(everybody)),
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


def _sums(rows: Iterable[Total]) -> list[int]:
    """Earned, owed, costs, VAT, corrections with true-ups, and what was paid or set off."""
    each = list(rows)
    return [
        sum(t.earned_cents for t in each),
        sum(t.owed_cents for t in each),
        sum(t.cost_cents for t in each),
        sum(t.vat_cents for t in each),
        sum(t.corrected_cents + t.trued_up_cents for t in each),
        sum(t.paid_cents + t.set_off_cents for t in each),
    ]


async def _settlement(network: Network) -> None:
    """How one month was settled and paid, and that everybody paid what the year's settlements asked for."""
    found = (await network.views.ask(settlements, lambda rows: settlements_of(rows, PERIOD, None))).value
    table = Table("payment", "from", "to", "reference", "paid", title=f"Settlement of {PERIOD} (euros)")
    table.add_column("sum", justify="right")
    for settled in found:
        for each in settled.payments:
            sums = euros(each.cents, "en")
            table.add_row(str(each.number), each.payer, each.payee, each.reference, str(each.paid_on or "no"), sums)
        console.print(table)
        open_between = sum(pair.owed_cents + pair.owes_cents > 0 for pair in settled.pairs)
        console.print(
            f"{open_between} pairs owed one another something; {settled.mode} netting left {len(settled.payments)} payments. "
            f"State: {settled.state}."
        )
    unpaid = [
        f"{settled.period}/{each.number}"
        for month in range(1, 13)
        for settled in (await _settled(network, f"{YEAR}-{month:02}"))
        for each in settled.payments
        if each.paid_cents != each.cents
    ]
    if unpaid:
        raise AssertionError(f"Payments {', '.join(unpaid)} are not paid as ordered.")
    issued = (await network.views.ask(documents, lambda rows: list(rows.under(IssuedDocument)))).value
    kinds = Counter(each.kind for each in issued if each.partner == each.seller)
    console.print(
        "Documents: " + ", ".join(f"{n} {kind}s" for kind, n in sorted(kinds.items())) + "; every payment is paid."
    )


async def _settled(network: Network, period: str) -> list[SettlementView]:
    return (await network.views.ask(settlements, lambda rows: settlements_of(rows, period, None))).value


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
