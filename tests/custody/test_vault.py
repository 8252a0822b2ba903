"""The vault gives back what was put there and nothing else, forgets for good, and changes its lock while it is used."""

import asyncio
import os
import subprocess
import sys
from itertools import chain, cycle
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from adapters.postgres.vault import Kept, NotInVault, Vault
from adapters.vault import (
    NONCE_BYTES,
    TEXT_BYTES_MAX,
    MasterKeyMissing,
    NoMasterKey,
    TextTooLong,
    VaultDamaged,
    WrongMasterKey,
    master_keys,
)
from tests.custody.conftest import Place, setting

REPOSITORY = Path(__file__).parents[2]
TEXT = "Asiakas pyysi uutta mentoria. Päätös 17 §."
SUBJECT = "client:c-17"


def changed(place: Place, statement: str, *parameters: object) -> None:
    """Change what the tables hold, as somebody with the owner's login could."""
    with psycopg.connect(place.server.admin_dsn, autocommit=True) as connection:
        connection.execute(
            sql.SQL(statement).format(
                key=sql.Identifier(place.schema, "vault_key"), entry=sql.Identifier(place.schema, "vault_entry")
            ),
            parameters,
        )


def rows(place: Place, table: str) -> list[tuple[object, ...]]:
    with psycopg.connect(place.server.app_dsn) as connection:
        return connection.execute(
            sql.SQL("select * from {} order by 1").format(sql.Identifier(place.schema, table))
        ).fetchall()


def put(place: Place, *texts: str, subject: str = SUBJECT, keys: tuple[str, ...] = ("one",)) -> list[Kept]:
    async def work() -> list[Kept]:
        async with place.vault(*keys) as vault:
            return [await vault.put(subject, text) for text in texts]

    return asyncio.run(work())


def get(place: Place, reference: str, *keys: str) -> str:
    async def work() -> str:
        async with place.vault(*(keys or ("one",))) as vault:
            return await vault.get(reference)

    return asyncio.run(work())


def test_a_text_comes_back_under_its_reference(place: Place) -> None:
    first, second = put(place, TEXT, "")
    assert (get(place, first.reference), get(place, second.reference)) == (TEXT, "")
    assert first.reference != second.reference
    with pytest.raises(NotInVault) as refused:
        get(place, "vault:0")
    assert str(refused.value) == "The vault holds nothing under vault:0: it was erased, or never there."


def test_the_same_text_twice_shows_nowhere(place: Place) -> None:
    """Neither the tables nor an event tell that two texts are one, and no nonce is used twice."""
    first, second = put(place, TEXT, TEXT)
    assert first.digest != second.digest
    (_, _, _, nonce, ciphertext, _), (_, _, _, other_nonce, other_ciphertext, _) = rows(place, "vault_entry")
    assert (nonce != other_nonce, ciphertext != other_ciphertext) == (True, True)
    stored = repr(rows(place, "vault_entry") + rows(place, "vault_key"))
    assert "mentoria" not in stored
    assert TEXT.encode().hex() not in stored


def test_what_is_erased_is_gone_with_its_key(place: Place) -> None:
    first, second = put(place, TEXT, TEXT)
    (other,) = put(place, TEXT, subject="client:c-18")

    async def erase() -> tuple[int, int]:
        async with place.vault("one") as vault:
            return await vault.erase(SUBJECT), await vault.erase(SUBJECT)

    assert asyncio.run(erase()) == (2, 0)
    for kept in (first, second):
        with pytest.raises(NotInVault):
            get(place, kept.reference)
    assert get(place, other.reference) == TEXT
    assert [row[1] for row in rows(place, "vault_key")] == ["client:c-18"]


def test_erasing_while_others_put_leaves_nothing_that_cannot_be_read(place: Place) -> None:
    """An entry encrypted with a key that was erased meanwhile never gets in."""

    async def work() -> list[str]:
        async with place.vault("one") as vault:
            puts = [vault.put(SUBJECT, f"text {n}") for n in range(30)]
            erasures = [vault.erase(SUBJECT) for _ in range(6)]
            await asyncio.gather(*puts, *erasures)
            return [await vault.get(str(row[0])) for row in rows(place, "vault_entry")]

    assert all(text.startswith("text ") for text in asyncio.run(work()))


def test_another_master_key_opens_nothing_and_says_which_is_missing(place: Place) -> None:
    (kept,) = put(place, TEXT)
    (needed,) = master_keys(setting("one")).ids
    with pytest.raises(MasterKeyMissing) as refused:
        get(place, kept.reference, "two")
    assert str(refused.value) == (
        f"This part of the vault is locked with the master key {needed.hex()}, which is not among those given; "
        "add it behind the current one in TASMA_MASTER_KEY, then run `tasma vault rotate`."
    )
    assert get(place, kept.reference, "two", "one") == TEXT


@pytest.mark.parametrize(
    "statement",
    [
        "update {entry} set ciphertext = set_byte(ciphertext, 40, get_byte(ciphertext, 40) # 1)",
        "update {entry} set nonce = set_byte(nonce, 0, get_byte(nonce, 0) # 128)",
        "update {entry} set digest = set_byte(digest, 31, get_byte(digest, 31) # 1)",
        "update {key} set wrapped = set_byte(wrapped, 5, get_byte(wrapped, 5) # 1)",
        "update {key} set nonce = set_byte(nonce, 5, get_byte(nonce, 5) # 1)",
    ],
)
def test_one_flipped_bit_is_found_and_the_text_is_not_told(place: Place, statement: str) -> None:
    (kept,) = put(place, TEXT)
    changed(place, statement)
    with pytest.raises(VaultDamaged) as refused:
        get(place, kept.reference)
    assert "mentoria" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_entries_that_changed_places_do_not_open(place: Place) -> None:
    """Of one subject too: what is stored is bound to its reference."""
    first, second = put(place, "one", "two")
    for old, new in ((first.reference, "x"), (second.reference, first.reference), ("x", second.reference)):
        changed(place, "update {entry} set reference = %s where reference = %s", new, old)
    for kept in (first, second):
        with pytest.raises(VaultDamaged) as refused:
            get(place, kept.reference)
        assert str(refused.value) == (
            f"The entry {kept.reference} does not open: it was changed, or moved here from elsewhere. "
            "Restore it from a backup of the vault."
        )


def test_keys_that_changed_places_do_not_open(place: Place) -> None:
    """A data key is bound to its subject: the key of one does not open under the name of another."""
    first, second = (put(place, TEXT, subject=subject)[0] for subject in ("client:a", "client:b"))
    (_, _, _, *a), (_, _, _, *b) = sorted(rows(place, "vault_key"), key=lambda row: str(row[1]))
    for subject, nonce, wrapped in (("client:a", bytes(12), bytes(48)), ("client:b", *a), ("client:a", *b)):
        changed(place, "update {key} set nonce = %s, wrapped = %s where subject = %s", nonce, wrapped, subject)
    for kept in (first, second):
        with pytest.raises(VaultDamaged, match=r"^A subject's key does not open"):
            get(place, kept.reference)


def test_after_a_rotation_the_old_key_is_needed_no_more(place: Place) -> None:
    texts = {put(place, f"text {n}", subject=f"client:c-{n}")[0].reference: f"text {n}" for n in range(7)}

    async def rotate() -> tuple[int, int, dict[str, int]]:
        async with place.vault("two", "one") as vault:
            return await vault.rewrap(batch=3), await vault.rewrap(batch=3), await vault.master_ids()

    assert asyncio.run(rotate()) == (7, 0, {master_keys(setting("two")).current.hex(): 7})
    for reference, text in texts.items():
        assert get(place, reference, "two") == text
        with pytest.raises(MasterKeyMissing):
            get(place, reference, "one")


def test_a_rotation_that_was_stopped_goes_on_where_it_was(place: Place) -> None:
    """Stopped by a key that nobody gives: what was locked anew stays so, and the rest follows when the key is there."""
    put(place, TEXT, subject="client:a")
    put(place, TEXT, subject="client:b", keys=("three",))
    (first, *_) = sorted(rows(place, "vault_key"))
    missing = "one" if first[2] != master_keys(setting("one")).current else "three"
    given = {"one": "three", "three": "one"}[missing]

    async def rotate(*keys: str) -> int:
        async with place.vault(*keys) as vault:
            return await vault.rewrap(batch=1)

    with pytest.raises(MasterKeyMissing):
        asyncio.run(rotate("two", given))
    assert asyncio.run(rotate("two", "one", "three")) == 1
    assert {row[2] for row in rows(place, "vault_key")} == {master_keys(setting("two")).current}


def test_two_processes_rotate_while_a_third_reads_and_writes(place: Place) -> None:
    """Every key is locked anew once, by one of them, and what is put meanwhile can be read."""
    references = [put(place, TEXT, subject=f"client:c-{n}")[0].reference for n in range(40)]
    script = (
        "import asyncio, sys\nfrom tests.custody.conftest import Place\nfrom adapters.postgres.embedded import Server\n"
        "async def main():\n"
        "    async with Place(Server(sys.argv[1], ''), sys.argv[2]).vault('two', 'one') as vault:\n"
        "        print(await vault.rewrap(batch=4))\n"
        "asyncio.run(main())"
    )
    command = [sys.executable, "-c", script, place.server.app_dsn, place.schema]
    processes = [
        subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)  # noqa: S603 - this interpreter
        for _ in range(2)
    ]

    async def meanwhile() -> None:
        async with place.vault("one", "two") as vault:
            for reference in cycle(references):
                assert await vault.get(reference) == TEXT
                kept = await vault.put("client:new", TEXT)
                assert await vault.get(kept.reference) == TEXT
                if all(process.poll() is not None for process in processes):
                    return

    asyncio.run(meanwhile())
    done = [int(process.communicate(timeout=30)[0]) for process in processes]
    assert sum(done) in (40, 41)  # the new client's key among them, if it was there in time
    assert [get(place, reference, "two", "one") for reference in references] == [TEXT] * 40


def test_without_a_key_the_vault_says_how_to_make_one(place: Place) -> None:
    async def work() -> None:
        async with place.database() as database:
            await Vault(database, place.schema, None, os.urandom).put(SUBJECT, TEXT)

    with pytest.raises(NoMasterKey, match="TASMA_MASTER_KEY"):
        asyncio.run(work())


def test_a_setting_that_is_no_key_is_not_shown() -> None:
    for wrong in ("c2hvcnQ=", f"{setting('one')} not-base64!", setting("one")[:-1]):
        with pytest.raises(WrongMasterKey) as refused:
            master_keys(wrong)
        assert wrong.split()[-1] not in str(refused.value)
        assert "openssl rand -base64 32" in str(refused.value)


def test_a_text_that_is_too_long_is_refused_before_anything_is_stored(place: Place) -> None:
    with pytest.raises(TextTooLong) as refused:
        put(place, "ä" * (TEXT_BYTES_MAX // 2) + "x")
    assert str(refused.value) == "The text has 262,145 bytes; the vault takes up to 262,144 in one entry."
    assert rows(place, "vault_entry") == []


def test_the_application_cannot_change_an_entry_or_whose_a_key_is(place: Place) -> None:
    put(place, TEXT)
    for statement in ("update {entry} set digest = digest", "update {key} set subject = 'client:b'"):
        with psycopg.connect(place.server.app_dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(
                sql.SQL(statement).format(
                    key=sql.Identifier(place.schema, "vault_key"), entry=sql.Identifier(place.schema, "vault_entry")
                )
            )


def test_a_nonce_is_never_used_twice_under_one_key(place: Place) -> None:
    """Even from a source of chance that repeats itself: the table refuses, and another nonce is drawn."""
    nonces = chain.from_iterable((bytes([n]) * 12, bytes([n]) * 12) for n in range(9))

    def draw(size: int) -> bytes:
        return next(nonces) if size == NONCE_BYTES else os.urandom(size)

    async def work() -> list[str]:
        async with place.database() as database:
            vault = Vault(database, place.schema, master_keys(setting("one")), draw)
            return [(await vault.put(SUBJECT, f"text {n}")).reference for n in range(3)]

    references = asyncio.run(work())
    used = [row[3] for row in rows(place, "vault_entry")]
    assert len(set(used)) == len(used) == 3
    assert [get(place, reference) for reference in references] == ["text 0", "text 1", "text 2"]
