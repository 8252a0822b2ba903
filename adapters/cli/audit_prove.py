"""`tasma audit prove`: that one event stands at its position, for whoever trusts the network's key and nothing else."""

import click

from adapters.bundle.export import InDoubt
from adapters.bundle.proof import Proof, prove
from adapters.cli.audit import audit
from adapters.cli.audit_export import source_of
from adapters.cli.session import format_option, with_network, write, write_json
from adapters.wiring import Network
from application.counting import counted
from application.notices import CONSTRUCTED
from application.ports import EventGone
from application.tree import ProofFault
from domain.kernel import Refused


class NotProven(Refused):
    def __init__(self, position: int, why: Exception) -> None:
        super().__init__(
            f"The event at position {position:,} cannot be proven: it, or what is sealed of the events around it, is not what was "
            f"signed. {why} `tasma audit verify` says which copy is wrong."
        )


@audit.command("prove")
@click.argument("position", type=click.IntRange(min=1))
@format_option
def prove_command(position: int, form: str) -> None:
    """Print the event at POSITION with the proof that the newest signed checkpoint covers it.

    The JSON form is what `verify.py --proof FILE` reads; verify.py is in every bundle of `tasma audit export`.
    """

    async def work(network: Network) -> Proof:
        source = await source_of(network)
        try:
            proof = await prove(source, position)
        except (ProofFault, EventGone) as why:
            raise NotProven(position, why) from why
        if source.doubt:
            raise InDoubt(source.doubt)
        return proof

    proof = with_network(work)
    if form == "json":
        write_json(proof)
    else:
        write(_told(proof))


def _told(proof: Proof) -> str:
    parts = [CONSTRUCTED] if proof.constructed else []
    parts.append(f"Event {proof.position:,} of {proof.network}:\n{proof.event}")
    parts.append(f"Hash of the event:\n{proof.leaf_hash}")
    parts.append(
        "\n".join(["Proof, from the event to the root:", *(proof.hashes or ["(the event is the whole tree)"])])
    )
    parts.append(f"Checkpoint of {counted(proof.size, 'event')}, root {proof.root}:\n{proof.checkpoint}")
    parts.append("\n".join(["Keys:", *proof.keys]))
    parts.append(
        "Checked: the hash and the proof lead to the root, and a key of the network has signed the checkpoint."
    )
    return "\n\n".join(part.rstrip("\n") for part in parts)
