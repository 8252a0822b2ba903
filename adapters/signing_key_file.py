"""The signing key of a network whose operator named none: made once, kept in the data folder for its owner alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from adapters.kept_file import locked, owners_text, write
from adapters.signing import SEED_BYTES, KeyFault, KeySigner, make_key, signers_of

FILE: Final = "signing.key"


def kept_signers(
    folder: Path, origin: str, draw: Callable[[int], bytes], *, signed: bool = False
) -> tuple[KeySigner, ...]:
    """The signers whose keys are called `origin`, from the folder's key file; one is made where there is none.

    `signed`: whether a key has signed for the network before. Then none is made: it would be another signature under the
    same name, and nobody could tell a lost file from a change that was meant. Networks that share a folder share the file,
    each with keys of its own name. Two processes that come at once get the same key: one makes it while the other waits.
    draw: gives that many random bytes, fit for secrets. Raises KeyFault, NotOnlyOwners and OSError.
    """
    file = folder / FILE
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    with locked(file):
        texts = (owners_text(file) or "").split()
        if not all(text.startswith("PRIVATE+KEY+") for text in texts):
            raise KeyFault(f"{file} does not hold private keys; restore it from its backup, or move it away.")
        own = [text for text in texts if text.startswith(f"PRIVATE+KEY+{origin}+")]
        if not own and signed:
            raise KeyFault(
                f"{file} holds no key of {origin}, and checkpoints of it were signed. Restore the file from its backup; to "
                "sign with another key from now on, make one with `tasma audit key new` and name it in TASMA_SIGNING_KEY."
            )
        if not own:
            own = [make_key(origin, draw(SEED_BYTES))]
            write(file, "".join(f"{text}\n" for text in (*texts, *own)))
    return signers_of("\n".join(own))
