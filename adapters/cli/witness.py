"""`tasma audit witness` and `tasma audit cosign`: partners that confirm checkpoints, and how they do it."""

import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from adapters.cli.audit import audit
from adapters.cli.session import format_option, with_network, write, write_json, write_table
from adapters.cli.session import table as table_of
from adapters.clock import system_clock
from adapters.signing import SEED_BYTES, cosigner_of, make_key, witness_of
from adapters.wiring import Network
from application.notes import COSIGNATURE, NOTE_BYTES_MAX, NoteFault, Signature, parse_checkpoint, read, with_signatures
from application.ports import Witness
from domain.kernel import Refused, facts
from domain.network.events import PartnerAdmitted


class NoPartner(Refused):
    """Witnesses are partners: whoever may not be named in the network confirms nothing in it."""

    def __init__(self, organisation: str) -> None:
        super().__init__(f"{organisation} is no partner of this network, so it has no witness here; admit it first.")


class NoKeyFile(Refused):
    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file} cannot be read as a key file: {why}.")


class NamedAsTheLog(Refused):
    def __init__(self, origin: str) -> None:
        super().__init__(
            f"{origin} is what the network itself signs as; make the witness a key under a name of its own, such as ekami.fi/witness."
        )


@audit.group("witness")
def witness() -> None:
    """Keys with which partners confirm checkpoints."""


@witness.command("key")
@click.argument("name", metavar="NAME")
def key(name: str) -> None:
    """Make a witness's key: the private one on stdout, to be kept by the witness; the public one on stderr, to be registered.

    NAME says whose it is, for instance ekami.fi/witness. The command touches no network and can run anywhere.
    """
    private = make_key(name, secrets.token_bytes(SEED_BYTES), COSIGNATURE)
    write(private)
    click.echo(cosigner_of(private, system_clock()).vkey, err=True)


@witness.command("add")
@click.argument("organisation", metavar="ORG")
@click.argument("vkey", metavar="VKEY")
@format_option
def add(organisation: str, vkey: str, form: str) -> None:
    """Register the public key VKEY of a witness of the partner ORG (org:ekami). Twice is once."""
    registered = Witness(witness_of(vkey).vkey, organisation)

    async def work(network: Network) -> None:
        if witness_of(vkey).name == network.settings.origin:
            raise NamedAsTheLog(network.settings.origin)
        if not (await network.log.look((facts(PartnerAdmitted, about=organisation),))).events:
            raise NoPartner(organisation)
        await network.tree.add_witness(registered)

    with_network(work)
    if form == "json":
        write_json(registered)
    else:
        write(f"{registered.vkey} witnesses for {organisation}.")


@witness.command("list")
@format_option
def list_(form: str) -> None:
    """List the registered witnesses."""

    async def work(network: Network) -> Sequence[Witness]:
        return await network.tree.witnesses()

    found = with_network(work)
    if form == "json":
        write_json(found)
        return
    table = table_of("organisation", "key")
    for each in found:
        table.add_row(each.organisation, each.vkey)
    write_table(table)


@audit.command("cosign")
@click.option("--key-file", type=click.Path(path_type=Path), required=True, help="The witness's private key.")
def cosign(key_file: Path) -> None:
    """Read a checkpoint from stdin and print it with this witness's signature, made now.

    A witness signs that the checkpoint goes on from every one it signed before: check that first, with
    /v1/feed/proofs/consistency. The command touches no network and can run anywhere.
    """
    signer = cosigner_of(_key_in(key_file), system_clock())
    note = _note(sys.stdin.buffer.read(NOTE_BYTES_MAX + 1))
    text, signatures = read(note)
    parse_checkpoint(text)
    if any((s.name, s.key_hash) == (signer.name, signer.key_hash) for s in signatures):
        raise NoteFault(f"{signer.name} has signed this checkpoint already; hand it in as it is.")
    write(with_signatures(note, [Signature(signer.name, signer.key_hash, signer.sign(text.encode()))]))


def _key_in(file: Path) -> str:
    try:
        return file.read_text("ascii").strip()
    except UnicodeDecodeError:
        raise NoKeyFile(file, "it is not text") from None
    except OSError as error:
        raise NoKeyFile(file, os.strerror(error.errno or 0)) from None


def _note(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise NoteFault("A note is text in UTF-8; this is not.") from None
