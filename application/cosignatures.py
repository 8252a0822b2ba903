"""What a witness signs: a checkpoint, and when it was the newest that the witness had seen (C2SP tlog-cosignature, v1)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from application.notes import NoteFault, Opened, Verifier, opened, parse_checkpoint, read

TIME_BYTES: Final = 8
SECONDS_MAX: Final = 2**63 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)


class NoWitness(NoteFault):
    """Somebody signed, but nobody that is known as a witness here."""

    def __init__(self, signers: Sequence[str]) -> None:
        super().__init__(
            f"None of these signatures is of a witness that you may speak for; they are of {', '.join(signers[:3])}. "
            "Register the witness's public key with `tasma audit witness add`, or send another note."
        )


def cosigned_message(text: bytes, seconds: int) -> bytes:
    """The bytes that an Ed25519 cosignature signs. seconds: since 1970, the ones that the cosignature carries."""
    return b"cosignature/v1\ntime %d\n%s" % (seconds, text)


def with_time(seconds: int, signature: bytes) -> bytes:
    """A cosignature: when, then the signature itself."""
    return seconds.to_bytes(TIME_BYTES, "big") + signature


def time_and_signature(cosignature: bytes) -> tuple[int, bytes]:
    return int.from_bytes(cosignature[:TIME_BYTES], "big"), cosignature[TIME_BYTES:]


def seconds_of(moment: datetime) -> int:
    """Whole seconds since 1970, of a time with its zone."""
    return (moment - _EPOCH) // _SECOND


def cosigned(note: str, witnesses: Sequence[Verifier]) -> Opened:
    """A checkpoint under which at least one of these witnesses has signed. Raises NoWitness and NoteFault."""
    text, signatures = read(note)
    parse_checkpoint(text)
    known = {(witness.name, witness.key_hash) for witness in witnesses}
    if not any((signature.name, signature.key_hash) in known for signature in signatures):
        raise NoWitness([signature.key for signature in signatures])
    return opened(note, witnesses)
