"""`tasma audit key new` and `tasma vault rotate`: keys are made, and changed for others."""

import secrets

import click

from adapters.cli.audit import audit
from adapters.cli.session import format_option, settings, with_network, write, write_json
from adapters.signing import SEED_BYTES, make_key, signer_of
from adapters.wiring import Network


@audit.group("key")
def key() -> None:
    """Make the keys that sign checkpoints."""


@key.command("new")
@click.argument("name", required=False)
def new(name: str | None) -> None:
    """Print a new private key, once, on stdout; its public key goes to stderr.

    NAME is what signatures are called by; without it the network's own, `tasma/networks/<network>`. Nothing is stored: put
    the private key into TASMA_SIGNING_KEY, behind the current one while keys change.
    """
    private = make_key(name or settings().origin, secrets.token_bytes(SEED_BYTES))
    write(private)
    click.echo(f"Public key, for everybody: {signer_of(private).vkey}", err=True)
    click.echo("Keep the private key now: it is stored nowhere and cannot be shown again.", err=True)


@click.group("vault")
def vault() -> None:
    """Look after the texts about people that are kept outside the log."""


@vault.command("rotate")
@format_option
def rotate(form: str) -> None:
    """Lock every subject's key with the current master key, the first of TASMA_MASTER_KEY.

    Afterwards the others are needed no more, except for backups from before. It can be stopped and run again at any time,
    and beside servers that have both keys.
    """

    async def work(network: Network) -> tuple[str, int, int]:
        done = await network.vault.rewrap()
        return network.vault.current, done, sum((await network.vault.master_ids()).values())

    current, done, keys = with_network(work)
    if form == "json":
        write_json({"master_key": current, "locked_anew": done, "keys": keys})
    else:
        write(f"{done} of {keys} keys were locked anew; all are locked with the master key {current}.")
