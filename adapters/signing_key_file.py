"""The signing key of a network whose operator named none: made once, kept in the data folder for its owner alone."""

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from adapters.signing import SEED_BYTES, KeyFault, KeySigner, make_key, signers_of

FILE: Final = "signing.key"
_OTHERS: Final = 0o077


def kept_signers(folder: Path, origin: str, draw: Callable[[int], bytes]) -> tuple[KeySigner, ...]:
    """The signers whose keys are called `origin`, from the folder's key file; one is made where there is none.

    Networks that share a folder share the file, each with keys of its own name. Two processes that come at once get the
    same key: one makes it while the other waits. draw: gives that many random bytes, fit for secrets. Raises KeyFault.
    """
    file = folder / FILE
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    lock = os.open(folder / f"{FILE}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        texts = _read(file)
        if not (own := [text for text in texts if text.startswith(f"PRIVATE+KEY+{origin}+")]):
            own = [make_key(origin, draw(SEED_BYTES))]
            _write(file, [*texts, *own])
    finally:
        os.close(lock)
    return signers_of("\n".join(own))


def _read(file: Path) -> list[str]:
    try:
        with file.open(encoding="ascii") as opened:
            if os.fstat(opened.fileno()).st_mode & _OTHERS:
                raise KeyFault(f"Others than its owner may use {file}; close it with `chmod 600` and start again.")
            return opened.read().split()
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        raise KeyFault(f"{file} does not hold private keys; restore it from its backup, or move it away.") from None


def _write(file: Path, texts: list[str]) -> None:
    """Write aside, sync, rename: at no moment is there half a key, and none is used before it is on the disk."""
    aside = file.with_name(f"{file.name}.new")
    with suppress(FileNotFoundError):
        aside.unlink()
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as written:
        written.write("".join(f"{text}\n" for text in texts))
        written.flush()
        os.fsync(written.fileno())
    aside.rename(file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
