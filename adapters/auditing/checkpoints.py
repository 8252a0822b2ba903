"""Whether stored checkpoints and cosignatures were signed by whom they name."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from adapters.auditing.report import Fault
from adapters.signing import KeyFault, KeyVerifier, recorded_verifier_of
from application.counting import counted
from application.notes import Checkpoint, NoteFault, Opened, opened, parse_checkpoint, read


class SignedRoot(NamedTuple):
    """What a trusted key has signed."""

    size: int
    root: bytes
    text: str
    by: tuple[str, ...] = ()
    """The keys that have signed it."""
    decides: bool = True
    """Whether one of them is believed where copies differ: one that is held, if any is."""


class CheckpointCheck:
    """Opens notes with the keys that are trusted and counts who signed."""

    def __init__(
        self,
        keys: Sequence[str],
        witnesses: Sequence[str],
        origin: str | None,
        held: Sequence[str],
        outside: str | None = None,
    ) -> None:
        """Keys that are no keys are faults of their own; `origin`: None takes the first checkpoint's for all.

        held: those of the keys that are known from outside the database. outside: the note that is kept there; who has signed
        it has signed the same text inside.
        """
        self.faults: list[Fault] = []
        self._keys, self._witnesses = self._verifiers(keys), self._verifiers(witnesses)
        self._origin = origin
        self.signed_by: Counter[str] = Counter({f"{k.name}+{k.key_hash.hex()}": 0 for k in self._keys})
        known = {k.vkey: f"{k.name}+{k.key_hash.hex()}" for k in self._keys}
        self.held = tuple(dict.fromkeys(known[vkey] for vkey in held if vkey in known))
        self._outside = self._opened(outside)
        self.newest: tuple[str, ...] = ()
        """Who has signed the newest checkpoint."""
        self.damaged = False
        """Whether one does not say what it must."""
        self.cosigned_by: Counter[str] = Counter({f"{k.name}+{k.key_hash.hex()}": 0 for k in self._witnesses})

    def signed(self, size: int, root: bytes, note: str) -> SignedRoot | Fault:
        """What a stored checkpoint says, or why it says nothing. In order of size."""
        self.newest = ()
        try:
            found = opened(note, self._keys)
            checkpoint = parse_checkpoint(found.text)
        except NoteFault as fault:
            return self._fault(size, str(fault))
        self.signed_by.update(signature.key for signature in found.verified)
        self._origin = self._origin or checkpoint.origin
        if checkpoint != Checkpoint(self._origin, size, root):
            return self._fault(
                size,
                f"The row says {counted(size, 'event')} and {root.hex()}; {counted(checkpoint.size, 'event')} and "
                f"{checkpoint.root.hex()} of {checkpoint.origin} were signed.",
            )
        self.newest = tuple(dict.fromkeys((*(s.key for s in found.verified), *self._signers_outside(found.text))))
        return SignedRoot(size, root, found.text, self.newest, not self.held or bool(set(self.held) & set(self.newest)))

    def decides(self, size: int, root: bytes, note: str) -> bool:
        """Whether a stored checkpoint is what a key signed that is believed. It counts for nothing else."""
        believed = [k for k in self._keys if not self.held or f"{k.name}+{k.key_hash.hex()}" in self.held]
        try:
            text, _ = read(note)
            if not set(self._signers_outside(text)) & set(self.held):
                opened(note, believed)
            checkpoint = parse_checkpoint(text)
        except NoteFault:
            return False
        return (checkpoint.size, checkpoint.root) == (size, root)

    def _opened(self, note: str | None) -> Opened | None:
        try:
            return opened(note, self._keys) if note else None
        except NoteFault:
            return None

    def _signers_outside(self, text: str) -> tuple[str, ...]:
        """Who has signed a checkpoint's text in the note that is kept outside."""
        found = self._outside
        return tuple(s.key for s in found.verified) if found and found.text == text else ()

    def unheld(self, newest: int) -> Fault | None:
        """Whether the newest checkpoint is signed by none of the keys that are held, where any are."""
        if not self.held or not self.newest or set(self.held) & set(self.newest):
            return None
        what = (
            f"The newest checkpoint, of {counted(newest, 'event')}, is signed by {', '.join(self.newest)}, for which only the "
            "database vouches; no key that this process holds has signed it."
        )
        return Fault(newest, what, "checkpoint")

    def cosigned(self, signed: SignedRoot, vkey: str, line: str) -> Fault | None:
        """Whether a kept line is that witness's signature under a checkpoint."""
        try:
            found = opened(f"{signed.text}\n{line}", [k for k in self._witnesses if k.vkey == vkey])
        except NoteFault as fault:
            what = f"A cosignature of the checkpoint of {counted(signed.size, 'event')} does not verify: {fault}"
            return Fault(signed.size, what, "cosignature")
        self.cosigned_by.update(signature.key for signature in found.verified)
        return None

    def _verifiers(self, vkeys: Sequence[str]) -> list[KeyVerifier]:
        verifiers = []
        for vkey in vkeys:
            try:
                verifiers.append(recorded_verifier_of(vkey))
            except KeyFault as fault:
                self.faults.append(Fault(0, f"A recorded public key is damaged: {fault}", "checkpoint"))
        return verifiers

    def _fault(self, size: int, why: str) -> Fault:
        self.damaged = True
        return Fault(size, f"The checkpoint of {counted(size, 'event')} is damaged. {why}", "checkpoint")
