"""`tasma audit verify`: recompute a live log from its stored bytes."""

import asyncio
from pathlib import Path

import click
from msgspec.structs import replace
from rich.console import Console

from adapters.auditing.repair import repair
from adapters.auditing.report import FAULTS_MAX, Fault, First, NotVerified, Verified
from adapters.auditing.verify import verify
from adapters.cli.audit import audit
from adapters.cli.audit_bundle import verify_bundle
from adapters.cli.session import format_option, with_network, write, write_json
from adapters.cli.session import table as table_of
from adapters.held_keys import signers_for
from adapters.postgres.audit_reading import audit_reading
from adapters.postgres.figures import record_verified
from adapters.signing import verifier_of
from adapters.wiring import Network


@audit.command("verify")
@click.option(
    "--repair", "mend", is_flag=True, help="Make damaged or lost pages and tiles again where the events are right."
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="VKEY",
    help="Trust this public key, instead of those recorded in the database.",
)
@click.option(
    "--bundle",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check this bundle of `tasma audit export` instead; no database is needed.",
)
@format_option
def verify_command(keys: tuple[str, ...], bundle: Path | None, form: str, *, mend: bool) -> None:
    """Recompute everything from the stored bytes and compare it with the signed checkpoints.

    Positions, times, tags, commands, sealed pages, the tree, signatures, cosignatures and issued statements. What is wrong is
    said with the copy that is wrong; exit code 1 then. Of a command it is checked that its row names exactly its own events;
    the digest of its body cannot be recomputed, because the log keeps what was decided and not the bodies of commands.
    `--repair` touches no event, and makes again only what a checkpoint that verifies and fits vouches for.
    """
    if bundle and mend:
        raise click.UsageError("--repair and --bundle do not go together: a bundle is what it is.")
    if bundle:
        verify_bundle(bundle, keys, form)
        return

    for key in keys:
        verifier_of(key)

    async def once(network: Network) -> Verified:
        held = [signer.vkey for signer in await asyncio.to_thread(signers_for, network.settings)]
        outside = await network.custody.outside()
        async with audit_reading(network.dsn, network.settings.network) as reading:
            found, repairable = await verify(
                reading, keys=keys or None, held=held, outside=outside, views=network.views
            )
        if mend and repairable.refused:
            click.echo(
                "Nothing is made again: a checkpoint does not verify, does not fit, or is signed by no key that is known from "
                "outside the database, so nobody knows which copies are right.",
                err=True,
            )
        made = await repair(repairable, network.database, network.settings.network) if mend and not found.ok else ()
        if not made:
            return found
        async with audit_reading(network.dsn, network.settings.network) as reading:
            found, _ = await verify(reading, keys=keys or None, held=held, outside=outside, views=network.views)
        # What was made again may be what did not fit the checkpoint outside.
        await network.custody.judge(by_root=True)
        return replace(found, repaired=tuple(made))

    async def work(network: Network) -> Verified:
        found = _beside(await once(network), network.read_only)
        if found.ok:
            await record_verified(network.database, network.settings.network, found.size, bytes.fromhex(found.root))
        return found

    found = with_network(work)
    if form == "json":
        write_json(found)
    else:
        _print(found)
    if found.first_fault:
        raise NotVerified(found.first_fault, found.faults_in_all)


def _beside(found: Verified, read_only: str | None) -> Verified:
    """What was found inside, and what the checkpoint outside says of it."""
    if read_only is None:
        return found
    return replace(
        found,
        ok=False,
        first_fault=found.first_fault or First(0, read_only),
        faults=(*found.faults[: FAULTS_MAX - 1], Fault(0, read_only, "outside")),
        faults_in_all=found.faults_in_all + 1,
    )


def _print(found: Verified) -> None:
    rate = found.size / found.seconds if found.seconds else 0
    for each in found.repaired:
        write(f"Made again from the events: {each}.")
    for fault in found.faults:
        write(fault.what)
    for name, count in found.unknown_types.items():
        write(
            f"{count:,} events are of the type {name}, which this version does not know: their tags were not recomputed."
        )
    if found.ok:
        write(
            f"Verified: {found.size:,} events, {found.pages:,} sealed pages, {found.checkpoints:,} checkpoints, "
            f"{found.statements:,} statements, in {found.seconds:.1f} s ({rate:,.0f} events a second). Root {found.root}."
        )
    if not found.checkpoints:
        write("No checkpoint was ever signed here: nothing proves that the log was not changed with all its copies.")
        return
    write(f"{found.unsigned:,} events are after the newest checkpoint.")
    table = table_of("key", "known from", "checkpoints signed", "cosigned")
    for key, count in {**found.keys, **dict.fromkeys(found.cosignatures, 0)}.items():
        known = "outside" if key in found.held else "the database only"
        table.add_row(key, known, str(count), str(found.cosignatures.get(key, 0)))
    Console().print(table)
    if not set(found.held) & set(found.newest_signed_by):
        write(
            "No key known from outside the database has signed the newest checkpoint: whoever can write into the database can "
            "have put the key there too. Give one that you trust with --key."
        )
