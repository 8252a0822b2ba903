"""The master key of a vault whose operator named none: made once, kept in the data folder for its owner alone."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

from adapters.kept_file import locked, owners_text, write
from adapters.vault import Draw, MasterKeys, WrongMasterKey, master_key_text, master_keys

FILE: Final = "master.key"


def kept_master_keys(folder: Path, draw: Draw, locking: Collection[str] = ()) -> MasterKeys:
    """The keys in the folder's file; one is made where there is none. Raises WrongMasterKey, NotOnlyOwners and OSError.

    `locking`: the ids, in hexadecimal, of the master keys that lock something in the network's vault. With none of these in the file it is
    another file, or a lost one: beside a new key in its place, nobody would hear that what is locked can no longer be read.
    Two processes that come at once get the same key: one makes it while the other waits.
    """
    file = folder / FILE
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    with locked(file):
        text = owners_text(file)
        if text is None and not locking:
            text = f"{master_key_text(draw)}\n"
            write(file, text)
    if text is not None and not text.strip():
        raise WrongMasterKey(f"{file} is empty; restore it from its backup: what the vault holds opens with it alone.")
    keys = None if text is None else master_keys(text)
    if keys is None or (locking and not set(locking) & {key.hex() for key in keys.ids}):
        raise WrongMasterKey(
            f"{file} {'is missing' if keys is None else 'holds another key'}, and the vault is locked with the master key "
            f"{', '.join(sorted(locking)[:3])}. Restore the file from its backup, or name the key in "
            "TASMA_MASTER_KEY; if it is lost for good, a new one there: what is in the vault then stays locked."
        )
    return keys
