"""Proofs in the Merkle tree (RFC 9162, sections 2.1.3 and 2.1.4): that an event is in it, and that it only ever grew."""

import base64
from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Response
from msgspec import Meta, Struct

from adapters.http.feed.checkpoint import newest
from adapters.http.network import Asked, network_of
from adapters.http.reading import parameters_of, query_of
from adapters.http.route import AT_ONCE, Route, reply
from application.door import Malformed

JSON = "application/json"
Size = Annotated[int, Meta(ge=1, lt=2**62, description="Events in the tree; left out: those of the newest checkpoint.")]


class InclusionQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    position: Annotated[int, Meta(ge=1, lt=2**62, description="Position of the event.")]
    size: Size | None = None


class ConsistencyQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    older: Annotated[int, Meta(ge=0, lt=2**62, description="Events in the older tree.")] = msgspec.field(name="from")
    newer: Size | None = msgspec.field(name="to", default=None)


class Inclusion(Struct, frozen=True):
    """That the event at a position is in the tree. All hashes are in base64."""

    position: int
    """Of the event."""
    index: int
    """Of the leaf, counted from 0: position - 1."""
    size: int
    """Events in the tree."""
    root: str
    """Of the tree: compare it with that of the signed checkpoint."""
    leaf: str
    """The hash of the event: SHA-256 of a zero byte and its exact bytes."""
    hashes: tuple[str, ...]
    """From the leaf to the root."""


class Consistency(Struct, frozen=True):
    """That the newer tree begins with everything of the older one. All hashes are in base64."""

    older: int = msgspec.field(name="from")
    """Events in the older tree."""
    newer: int = msgspec.field(name="to")
    """Events in the newer tree."""
    older_root: str
    """Compare it with the checkpoint that you have kept."""
    newer_root: str
    """Compare it with the newer checkpoint."""
    hashes: tuple[str, ...]
    """In the order of RFC 9162, section 2.1.4."""


async def respond_inclusion(request: Asked) -> Response[bytes]:
    tree = network_of(request).tree
    query = query_of(InclusionQuery, parameters_of(request))
    _, covered = await newest(tree)
    size = _within("?size", query.size, covered.size)
    if query.position > size:
        raise Malformed("?position", f"The tree has {size:,} events; ask for one of them, or for a larger tree")
    index = query.position - 1
    proof = Inclusion(
        position=query.position,
        index=index,
        size=size,
        root=_text(await tree.subtree(0, size)),
        leaf=_text(await tree.subtree(index, index + 1)),
        hashes=_texts(await tree.inclusion(query.position, size)),
    )
    return reply(request, msgspec.json.encode(proof), JSON, AT_ONCE)


async def respond_consistency(request: Asked) -> Response[bytes]:
    tree = network_of(request).tree
    query = query_of(ConsistencyQuery, parameters_of(request))
    _, covered = await newest(tree)
    newer = _within("?to", query.newer, covered.size)
    if query.older > newer:
        raise Malformed("?from", f"`from` must not exceed `to`: {query.older:,} is more than {newer:,}")
    proof = Consistency(
        older=query.older,
        newer=newer,
        older_root=_text(await tree.subtree(0, query.older)),
        newer_root=_text(await tree.subtree(0, newer)),
        hashes=_texts(await tree.consistency(query.older, newer)),
    )
    return reply(request, msgspec.json.encode(proof), JSON, AT_ONCE)


def _within(where: str, size: int | None, covered: int) -> int:
    if size is not None and size > covered:
        raise Malformed(
            where, f"The newest checkpoint covers {covered:,} events; ask for no more, or wait for the next one"
        )
    return covered if size is None else size


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _texts(hashes: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(map(_text, hashes))


inclusion = Route(
    name="inclusion-proof",
    path="/v1/feed/proofs/inclusion",
    readers=None,
    says="The proof that the event at a position is in the tree of a checkpoint (RFC 9162, section 2.1.3).",
    gives={JSON: Inclusion},
    query=InclusionQuery,
    respond=respond_inclusion,
    problems=frozenset({"404", "422"}),
)
consistency = Route(
    name="consistency-proof",
    path="/v1/feed/proofs/consistency",
    readers=None,
    says="The proof that the tree of one checkpoint begins with all of an older one: nothing was changed, taken out or put "
    "between (RFC 9162, section 2.1.4).",
    gives={JSON: Consistency},
    query=ConsistencyQuery,
    respond=respond_consistency,
    problems=frozenset({"404", "422"}),
)
