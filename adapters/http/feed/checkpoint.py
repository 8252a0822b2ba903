"""What the network says of its own log, signed, and the keys to believe it by."""

from typing import Annotated

import msgspec
from litestar import Response
from msgspec import Meta, Struct

from adapters.http.network import Asked, network_of
from adapters.http.problems import NoCheckpoint
from adapters.http.reading import parameters_of, query_of
from adapters.http.route import AT_ONCE, Route, reply
from application.notes import Checkpoint, parse_checkpoint, read
from application.ports import NoSuchCheckpoint, Tree, Witness

TEXT = "text/plain"


class CheckpointQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    size: (
        Annotated[
            int,
            Meta(ge=1, lt=2**62, description="Events that it covers, of one that was given out; left out: the newest."),
        ]
        | None
    ) = None


class Keys(Struct, frozen=True):
    """Public keys. Get them from somebody you trust as well: a forger would show their own here."""

    log: tuple[str, ...]
    """Of the network, in the order of their first checkpoint, former ones too."""
    witnesses: tuple[Witness, ...]
    """Those who cosign."""


async def newest(tree: Tree) -> tuple[str, Checkpoint]:
    """The newest note and what it says. Raises NoCheckpoint."""
    note = await tree.checkpoint()
    if note is None:
        raise NoCheckpoint
    text, _ = read(note)
    return note, parse_checkpoint(text)


async def respond_note(request: Asked) -> Response[bytes]:
    tree = network_of(request).tree
    size = query_of(CheckpointQuery, parameters_of(request)).size
    note = await tree.checkpoint(size)
    if note is None:
        _, last = await newest(tree)
        raise NoSuchCheckpoint(size or last.size, last.size)
    return reply(request, note.encode(), TEXT, AT_ONCE)


async def respond_keys(request: Asked) -> Response[bytes]:
    tree = network_of(request).tree
    keys = Keys(log=await tree.verifiers(), witnesses=await tree.witnesses())
    return reply(request, msgspec.json.encode(keys), "application/json", AT_ONCE)


checkpoint = Route(
    name="checkpoint",
    path="/v1/feed/checkpoint",
    readers=None,
    says="The newest signed checkpoint (C2SP tlog-checkpoint): origin, number of events and root of the Merkle tree over them, "
    "with the signatures of the network and of its witnesses. A witness is seldom as fast as the log: with `size`, an earlier one "
    "with all who have cosigned it since.",
    query=CheckpointQuery,
    gives={"text/plain": None},
    respond=respond_note,
    problems=frozenset({"404", "422"}),
)
keys = Route(
    name="checkpoint-keys",
    path="/v1/feed/keys",
    readers=None,
    says="The public keys that have signed checkpoints, and those of the witnesses, in the text form of signed notes.",
    gives={"application/json": Keys},
    respond=respond_keys,
    problems=frozenset(),
)
