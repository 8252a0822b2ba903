"""The proof that one event stands at its position, in a form that an outsider can check."""

from base64 import b64encode

from msgspec import Struct

from adapters.bundle.export import Source
from adapters.bundle.texts import key_lines
from adapters.signing import recorded_witness_of, verifier_of
from application.counting import counted
from application.notes import opened, parse_checkpoint, read
from application.ports import EventGone
from application.tree import ProofFault, leaf_hash, verify_inclusion
from domain.kernel import Refused, Unknown


class NotSigned(Refused):
    """There is no checkpoint yet that a proof could lead to."""

    def __init__(self) -> None:
        super().__init__(
            "This network has signed no checkpoint, so nothing can be proven with one: set TASMA_SIGNING_KEY, or let a server run "
            "that has it."
        )


class NotCovered(Refused):
    def __init__(self, position: int, size: int) -> None:
        super().__init__(
            f"The newest checkpoint covers {counted(size, 'event')}; position {position:,} came later and is covered by the next one."
        )


class Proof(Struct, frozen=True, kw_only=True):
    """What `verify.py --proof` reads."""

    network: str
    constructed: bool
    position: int
    event: str
    """The stored bytes, as text."""
    leaf_hash: str
    """SHA-256 of a zero byte and the event, in hex."""
    size: int
    root: str
    """Of the tree of that size, in hex."""
    hashes: tuple[str, ...]
    """From the leaf to the root, in base64."""
    checkpoint: str
    keys: tuple[str, ...]
    """As in a bundle's keys.txt: they prove something to whoever knows them already."""


async def prove(of: Source, position: int) -> Proof:
    """Prove an event by the newest checkpoint; the proof is checked before it is given away.

    Raises Unknown, NotSigned, NotCovered, NoteFault, KeyFault, EventGone, ProofFault, Unavailable.
    """
    body, head = await of.log.body(position), await of.log.head()
    note = await of.tree.checkpoint()
    if body is None:
        if position <= max(head.position, parse_checkpoint(read(note)[0]).size if note else 0):
            raise EventGone(position)
        raise Unknown(f"event at position {position}")
    if note is None:
        raise NotSigned
    witnesses = [recorded_witness_of(each.vkey) for each in await of.tree.witnesses()]
    own = [verifier_of(vkey) for vkey in await of.tree.verifiers()]
    opened(note, own)
    checkpoint = parse_checkpoint(opened(note, [*own, *witnesses]).text)
    if position > checkpoint.size:
        raise NotCovered(position, checkpoint.size)
    hashes = await of.tree.inclusion(position, checkpoint.size)
    verify_inclusion(leaf_hash(body), position - 1, checkpoint.size, hashes, checkpoint.root)
    return Proof(
        network=of.network,
        constructed=head.constructed,
        position=position,
        event=_text(position, body),
        leaf_hash=leaf_hash(body).hex(),
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        hashes=tuple(b64encode(each).decode() for each in hashes),
        checkpoint=note,
        keys=tuple(await key_lines(of.tree)),
    )


def _text(position: int, body: bytes) -> str:
    """The bytes of an event as text. Raises ProofFault."""
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise ProofFault(
            f"The bytes at position {position:,} are no text ({error.reason}), so they are no event."
        ) from error
