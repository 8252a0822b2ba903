"""Whose checkpoint the next one is signed on top of: one of this process's keys has signed it, or nothing is signed.

Who can write into the database can put a checkpoint there with a key of their own, and that key among the recorded ones. Were
the next one signed on top of it, their history would be ours from then on. So a key counts that this process holds, and
nothing that is only recorded inside; nor does a key count because it signed beside ours, for anybody can add a signature.

While keys change, and after one was lost, a checkpoint that another key has signed is signed by ours as well and kept outside:
that note then stands for it.
"""

from collections.abc import Awaitable, Callable, Sequence

from adapters.postgres.changed_events import Forked
from adapters.postgres.checkpoints import Kept
from adapters.signing import verifier_of
from application.counting import counted
from application.notes import (
    Checkpoint,
    NoteFault,
    Opened,
    Signature,
    Signer,
    Verifier,
    opened,
    parse_checkpoint,
    read,
    with_signatures,
)

Keep = Callable[[str], Awaitable[None]]
"""Where the newest signed note is kept outside the database."""
Outside = Callable[[], Awaitable[str | None]]
"""The note that is kept there; None where there is none that can be read."""


class NotOurs(Forked):
    """The newest checkpoint was signed by no key of this process, or is not what was signed."""


class Succession:
    """Of one network. `signers`: this process's; without any everything counts, for nothing is signed."""

    def __init__(self, origin: str, signers: Sequence[Signer], keep: Keep, outside: Outside) -> None:
        self._origin, self._signers, self._keep, self._outside = origin, tuple(signers), keep, outside
        self._own = [verifier_of(signer.vkey) for signer in signers]

    async def base(self, newest: Kept | None) -> Kept | None:
        """What to sign on top of: the newest checkpoint inside, or the one outside that stands for it. Raises NotOurs."""
        if newest is None or not self._signers:
            return newest
        try:
            self._read(newest, self._own)
        except NoteFault as fault:
            if (kept := await self._vouched(newest.size)) is not None:
                return kept
            raise NotOurs(_sentence(newest, fault)) from fault
        return newest

    async def join(self, newest: Kept) -> None:
        """Where not all keys of this process have signed a checkpoint that one of them has: let them, and keep that outside.

        So the others can be taken away before the next event. Raises NotOurs and what `keep` raises.
        """
        base = await self.base(newest)
        if base is None or len(opened(base.note, self._own).verified) == len(self._own):
            return
        kept = await self._vouched(base.size)
        if kept is None or len(opened(kept.note, self._own).verified) < len(self._own):
            await self._sign(base)

    async def accept(self, newest: Kept, trusted: Sequence[Verifier]) -> None:
        """Sign a checkpoint of a key that a person trusts, lost or given up, and keep it outside. Raises NotOurs."""
        try:
            self._read(newest, trusted)
        except NoteFault as fault:
            raise NotOurs(_sentence(newest, fault)) from fault
        await self._sign(newest)

    async def _sign(self, kept: Kept) -> None:
        text, _ = read(kept.note)
        mine = [Signature(s.name, s.key_hash, s.sign(text.encode())) for s in self._signers]
        await self._keep(with_signatures(kept.note, mine))

    async def _vouched(self, size: int) -> Kept | None:
        """The checkpoint outside, where a key of this process has signed it and it covers so much."""
        try:
            note = await self._outside()
            found = opened(note, self._own) if note else None
            checkpoint = parse_checkpoint(found.text) if found else None
        except NoteFault:
            return None
        if note is None or checkpoint is None or checkpoint.origin != self._origin or checkpoint.size < size:
            return None
        return Kept(checkpoint.size, checkpoint.root, note)

    def _read(self, kept: Kept, trusted: Sequence[Verifier]) -> Opened:
        """Raises NoteFault, also where the row says something else than what was signed."""
        found = opened(kept.note, trusted)
        if parse_checkpoint(found.text) != Checkpoint(self._origin, kept.size, kept.root):
            raise NoteFault("Its row and what was signed do not say the same origin, size and root.")
        return found


def _sentence(newest: Kept, fault: NoteFault) -> str:
    what = f"The newest checkpoint, of {counted(newest.size, 'event')}, cannot be built on with the keys of this process. {fault}"
    return (
        f"{what} Nothing is sealed or signed on top of it. If that key is yours, name it in TASMA_SIGNING_KEY beside the new one; if "
        "it was lost or given up, look with `tasma audit verify` and then accept what it has signed: `tasma audit "
        "accept-restore --head N --key VKEY`, with its public key as you noted it outside this database. If it is nobody's, "
        "restore the database."
    )
