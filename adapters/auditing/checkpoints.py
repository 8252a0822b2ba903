"""Whether stored checkpoints and cosignatures were signed by whom they name."""

from collections import Counter
from collections.abc import Container, Sequence
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
        *,
        outside: str | None = None,
        recorded: Sequence[str] | None = None,
    ) -> None:
        """Keys that are no keys are faults of their own; `origin`: None takes the first checkpoint's for all.

        held: those of the keys that are known from outside the database. outside: the note that is kept there: it counts like
        a checkpoint inside, and who has signed it has signed the same text inside. recorded: the keys that the database has;
        None: those that are trusted.
        """
        self.faults: list[Fault] = []
        self._keys, self._witnesses = self._verifiers(keys), self._verifiers(witnesses)
        self._origin = origin
        self.signed_by: Counter[str] = Counter({f"{k.name}+{k.key_hash.hex()}": 0 for k in self._keys})
        known = {k.vkey: f"{k.name}+{k.key_hash.hex()}" for k in self._keys}
        self.held = tuple(dict.fromkeys(known[vkey] for vkey in held if vkey in known))
        self._unrecorded = {} if recorded is None else {known[vkey]: vkey for vkey in keys if vkey in known}
        for vkey in recorded or ():
            self._unrecorded.pop(known.get(vkey, ""), None)
        self._outside = self._opened(outside)
        self.outside = self._outside_of(outside)
        """What the note outside says; None where there is none that can be read."""
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
        self.faults += [_unrecorded(size, s.key) for s in found.verified if self._unrecorded.pop(s.key, None)]
        self.newest = tuple(dict.fromkeys((*(s.key for s in found.verified), *self._signers_outside(found.text))))
        return self._root(size, root, found.text, self.newest)

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

    def kept(self, found: Sequence[SignedRoot], after: int, upto: int) -> SignedRoot | None:
        """The note outside, where it is of this part of the log, a known key signed it, and none of these says the same."""
        kept = self.outside
        if (
            kept is None
            or not kept.by
            or not after < kept.size <= upto
            or any(each.text == kept.text for each in found)
        ):
            return None
        return (
            kept if parse_checkpoint(kept.text).origin == (self._origin or parse_checkpoint(kept.text).origin) else None
        )

    def lost(self, sizes: Container[int], upto: int) -> Fault | None:
        """Whether the note outside covers no more than what is there, and no checkpoint inside is of its size."""
        kept = self.outside
        if kept is None or kept.size > upto or kept.size in sizes:
            return None
        signers = ", ".join(kept.by) or "a key that is not known here"
        what = (
            f"The database has no checkpoint of {counted(kept.size, 'event')}; the file outside has one, signed by {signers}. Its row "
            "was removed, or a process ended before it stored it. The next sealing signs one again if the events are those; older "
            "ones that were removed come back from a backup alone."
        )
        return Fault(kept.size, what, "checkpoint")

    def covered(self, head: int) -> int:
        """How far the note outside covers a log that ends there, as far as it decides."""
        kept = self.outside
        return kept.size if kept and kept.by and kept.decides and kept.size <= head else 0

    def _root(self, size: int, root: bytes, text: str, by: tuple[str, ...]) -> SignedRoot:
        return SignedRoot(size, root, text, by, not self.held or bool(set(self.held) & set(by)))

    def _outside_of(self, note: str | None) -> SignedRoot | None:
        try:
            text = read(note)[0] if note else None
            checkpoint = parse_checkpoint(text) if text else None
        except NoteFault:
            return None
        if text is None or checkpoint is None:
            return None
        return self._root(checkpoint.size, checkpoint.root, text, self._signers_outside(text))

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


def _unrecorded(size: int, key: str) -> Fault:
    what = (
        f"The checkpoint of {counted(size, 'event')} is signed by {key}, which is not among the keys that the database has recorded: "
        "its row was removed. A key that still signs is recorded again with the next checkpoint; restore another one from a "
        "backup."
    )
    return Fault(size, what, "checkpoint")
