"""Where keys come from: from the settings, or with the embedded PostgreSQL from the data folder, where they are made once."""

import secrets
from collections.abc import Collection
from pathlib import Path

from adapters.checkpoint_file import SUFFIX, CheckpointFile
from adapters.master_key_file import kept_master_keys
from adapters.postgres.embedded import default_data_dir
from adapters.settings import Settings
from adapters.signing import KeySigner, signers_of
from adapters.signing_key_file import kept_signers
from adapters.vault import MasterKeys, master_keys


def folder_of(settings: Settings) -> Path:
    """The data folder."""
    return settings.data_dir or default_data_dir()


def checkpoint_file_of(settings: Settings) -> CheckpointFile:
    """Where the network's newest checkpoint is kept outside the database."""
    return CheckpointFile(settings.checkpoint_file or folder_of(settings) / f"{settings.network}{SUFFIX}")


def signers_for(settings: Settings, *, signed: bool = True) -> tuple[KeySigner, ...]:
    """The keys that sign; none with a database of one's own and no TASMA_SIGNING_KEY. Raises KeyFault and NotOnlyOwners.

    `signed`: whether checkpoints of the network were signed; only before the first a key is made.
    """
    if settings.signing_key:
        return signers_of(settings.signing_key)
    if settings.database_url:
        return ()
    return kept_signers(folder_of(settings), settings.origin, secrets.token_bytes, signed=signed)


def master_keys_for(settings: Settings, locking: Collection[str]) -> MasterKeys | None:
    """The keys of the vault; None with a database of one's own and no TASMA_MASTER_KEY.

    `locking`: the ids of those that lock something in it; only where there is none a key is made. Raises WrongMasterKey and
    NotOnlyOwners.
    """
    if settings.master_key:
        return master_keys(settings.master_key)
    return None if settings.database_url else kept_master_keys(folder_of(settings), secrets.token_bytes, locking)
