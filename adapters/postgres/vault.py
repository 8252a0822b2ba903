"""The vault of one network in PostgreSQL: what is said about people, erasable, beside a log that never forgets."""

from typing import Final

from msgspec import Struct
from psycopg import errors

from adapters.postgres.database import Database, statement
from adapters.vault import (
    KEY_BYTES,
    Draw,
    MasterKeys,
    NoMasterKey,
    Sealed,
    Wrapped,
    bound,
    seal,
    unseal,
)
from application.ports import Unavailable
from domain.kernel import Refused

ATTEMPTS: Final = 3
ROTATE_KEYS: Final = 200
"""Keys locked anew in one transaction."""
PUT_TRIES: Final = 5
"""How often a text is put again while its subject is being erased beside it."""

_KEY = "select id, master_id, nonce, wrapped from {schema}.vault_key where subject = %s"
_ADD_KEY = """
insert into {schema}.vault_key (id, subject, master_id, nonce, wrapped) values (%s, %s, %s, %s, %s)
on conflict do nothing returning 1
"""
_PUT = """
insert into {schema}.vault_entry (reference, key_id, subject, nonce, ciphertext, digest) values (%s, %s, %s, %s, %s, %s)
on conflict (reference) do nothing returning 1
"""
_GET = """
select e.subject, e.nonce, e.ciphertext, e.digest, k.id, k.master_id, k.nonce, k.wrapped
from {schema}.vault_entry e join {schema}.vault_key k on k.id = e.key_id
where e.reference = %s
"""
_ERASE = """
with held as (select count(*) as entries from {schema}.vault_entry where subject = %(subject)s),
gone as (delete from {schema}.vault_key where subject = %(subject)s returning 1)
select held.entries from held, gone
"""
# Locked rows are waited for, not passed over: who comes back from a rotation knows that nothing is left of the old key.
_STALE = """
select id, subject, master_id, nonce, wrapped from {schema}.vault_key where master_id <> %s
order by id limit %s for update
"""
_REWRAP = "update {schema}.vault_key set master_id = %s, nonce = %s, wrapped = %s where id = %s"
_LEFT = "select exists (select from {schema}.vault_key where master_id <> %s)"
_IN_USE = "select master_id, count(*) from {schema}.vault_key group by master_id order by master_id"


class NotInVault(Refused):
    def __init__(self, reference: str) -> None:
        super().__init__(f"The vault holds nothing under {reference:.80}: it was erased, or never there.")


class Kept(Struct, frozen=True):
    """What an event holds of a text in the vault."""

    reference: str
    digest: str
    """Salted, in hexadecimal; the salt is erased with the text."""


class Vault:
    """Keeps texts about a subject until the subject is erased."""

    def __init__(self, database: Database, schema: str, keys: MasterKeys | None, draw: Draw) -> None:
        self._database, self._schema, self._draw = database, schema, draw
        self._given = keys
        (
            self._key,
            self._add_key,
            self._put,
            self._get,
            self._erase,
            self._stale,
            self._rewrap,
            self._left,
            self._in_use,
        ) = (statement(s, schema) for s in (_KEY, _ADD_KEY, _PUT, _GET, _ERASE, _STALE, _REWRAP, _LEFT, _IN_USE))

    async def put(self, subject: str, text: str) -> Kept:
        """Keep a text about somebody. Raises NoMasterKey, MasterKeyMissing, TextTooLong, VaultDamaged, Unavailable."""
        reference = f"vault:{self._draw(16).hex()}"
        for _ in range(PUT_TRIES):
            key_id, key = await self._key_of(subject)
            sealed = seal(key, text, place=self._place(reference, subject, key_id), draw=self._draw)
            parameters = (reference, key_id, subject, sealed.nonce, sealed.ciphertext, sealed.digest)
            try:
                await self._database.rows(self._put, parameters, attempts=ATTEMPTS)
            except (errors.ForeignKeyViolation, errors.UniqueViolation):
                continue  # erased since the key was read, or a nonce drawn twice: with another key or nonce it goes in
            return Kept(reference, sealed.digest.hex())
        raise Unavailable("The vault is being erased while this is put there; send it again in a moment.")

    async def get(self, reference: str) -> str:
        """The text. Raises NotInVault, MasterKeyMissing, VaultDamaged, Unavailable."""
        for row in await self._database.rows(self._get, (reference,), attempts=ATTEMPTS):
            subject, nonce, ciphertext, digest, key_id, *wrapped = row
            key = self._keys.unwrap(Wrapped(*wrapped), owner=self._owner(key_id, subject))
            place = self._place(reference, subject, key_id)
            return unseal(key, Sealed(nonce, ciphertext, digest), place=place, name=f"The entry {reference}")
        raise NotInVault(reference)

    async def erase(self, subject: str) -> int:
        """Destroy a subject's key and entries; how many entries there were. Twice is once. Raises Unavailable."""
        rows = await self._database.rows(self._erase, {"subject": subject}, attempts=ATTEMPTS)
        return sum(entries for (entries,) in rows)

    async def rewrap(self, *, batch: int = ROTATE_KEYS) -> int:
        """Lock every data key with the current master key; how many were locked with another.

        Each batch is a transaction of its own: stopped anywhere, the next run goes on. Several may run at once.
        Raises NoMasterKey, MasterKeyMissing, VaultDamaged, Unavailable.
        """
        done = 0
        while True:
            locked = await self._rewrap_some(batch)
            done += locked
            if locked:
                continue
            # Another process may have locked anew what this one waited for, and left more behind it.
            ((left,),) = await self._database.rows(self._left, (self._keys.current,), attempts=ATTEMPTS)
            if not left:
                return done

    async def master_ids(self) -> dict[str, int]:
        """How many data keys each master key locks, by its id."""
        rows = await self._database.rows(self._in_use, attempts=ATTEMPTS)
        return {master_id.hex(): count for master_id, count in rows}

    @property
    def current(self) -> str:
        """The id of the current master key. Raises NoMasterKey."""
        return self._keys.current.hex()

    @property
    def _keys(self) -> MasterKeys:
        if self._given is None:
            raise NoMasterKey
        return self._given

    async def _key_of(self, subject: str) -> tuple[str, bytes]:
        """The id of a subject's key and the key itself, made now if there is none."""
        while True:
            for key_id, *wrapped in await self._database.rows(self._key, (subject,), attempts=ATTEMPTS):
                return key_id, self._keys.unwrap(Wrapped(*wrapped), owner=self._owner(key_id, subject))
            key_id, key = self._draw(16).hex(), self._draw(KEY_BYTES)
            new = self._keys.wrap(key, owner=self._owner(key_id, subject), draw=self._draw)
            parameters = (key_id, subject, new.master_id, new.nonce, new.ciphertext)
            await self._database.rows(self._add_key, parameters, attempts=ATTEMPTS)
            # Read again whoever made it: of two who made one at once, one is kept.

    async def _rewrap_some(self, batch: int) -> int:
        async with self._database.connection() as connection, connection.transaction():
            cursor = await connection.execute(self._stale, (self._keys.current, batch), binary=True)
            rows = await cursor.fetchall()
            for key_id, subject, *wrapped in rows:
                owner = self._owner(key_id, subject)
                key = self._keys.unwrap(Wrapped(*wrapped), owner=owner)
                new = self._keys.wrap(key, owner=owner, draw=self._draw)
                await connection.execute(self._rewrap, (new.master_id, new.nonce, new.ciphertext, key_id))
        return len(rows)

    def _owner(self, key_id: str, subject: str) -> bytes:
        return bound("tasma vault key", self._schema, key_id, subject)

    def _place(self, reference: str, subject: str, key_id: str) -> bytes:
        return bound("tasma vault entry", self._schema, reference, subject, key_id)
