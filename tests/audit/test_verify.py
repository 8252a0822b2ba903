"""Whatever is damaged, changed or lost is found, named with the copy that is wrong, and mended only where events are right."""

import asyncio
from datetime import UTC, datetime

import pytest
from psycopg import AsyncConnection

from adapters.auditing.repair import repair
from adapters.auditing.report import Repairable, Verified
from adapters.auditing.verify import verify
from adapters.postgres import audit_reading as audit_readings
from adapters.postgres.audit_reading import AuditReading, audit_reading
from adapters.postgres.database import Row
from adapters.postgres.documents import PostgresDocuments
from adapters.postgres.page_store import packed
from adapters.signing import cosigner_of, make_key, signer_of
from application.notes import COSIGNATURE, Signature, read, with_signatures
from application.ports import Witness
from application.tree import leaf_hash, root_of
from domain.settlement.events import StatementIssued
from projections.statement import Account
from tests.audit.bulk import bulk
from tests.log.decisions import decision
from tests.sealing.conftest import ORIGIN, SIGNER, Ground, Sealing

SIZE = 700


async def verified(
    sealing: Sealing, keys: tuple[str, ...] | None = (SIGNER.vkey,), held: tuple[str, ...] = ()
) -> tuple[Verified, Repairable]:
    async with audit_reading(sealing.server.app_dsn, sealing.schema) as reading:
        return await verify(reading, keys=keys, held=held, origin=ORIGIN)


async def sentences(sealing: Sealing) -> list[str]:
    found, _ = await verified(sealing)
    assert found.faults_in_all == len(found.faults)
    assert found.ok == (not found.faults)
    if found.first_fault:
        assert found.first_fault.what == found.faults[0].what
    return [fault.what for fault in found.faults]


async def sealed(sealing: Sealing, size: int = SIZE) -> None:
    """A log with a checkpoint at 100, 600 and its head."""
    for each in (100, 600, size):
        await sealing.grow(each)
        await sealing.sealer().seal()


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 2048, 2049])
def test_a_log_that_is_right_is_verified(ground: Ground, size: int) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(size)
            await sealing.sealer().seal()
            await sealing.grow(size + 3 if size else 0)
            found, repairable = await verified(sealing)
            assert (found.ok, found.first_fault, found.faults_in_all) == (True, None, 0)
            assert found.size == (size + 3 if size else 0)
            assert found.root == (await sealing.root(found.size)).hex()
            assert (found.pages, found.checkpoints, found.unsigned) == (size // 256, min(size, 1), 3 if size else 0)
            assert found.keys == {f"{SIGNER.name}+{SIGNER.key_hash.hex()}": min(size, 1)}
            assert repairable == Repairable()

    asyncio.run(promise())


def test_what_was_never_sealed_or_signed_is_verified_as_far_as_it_goes(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(600)
            found, _ = await verified(sealing)
            assert (found.ok, found.pages, found.checkpoints, found.unsigned) == (True, 0, 0, 600)
            await sealing.sealer(signers=()).seal()
            assert await sentences(sealing) == []

    asyncio.run(promise())


class Asked(AuditReading):
    """A reading that notes which events it was asked for."""

    def __init__(self, main: AsyncConnection[Row], beside: AsyncConnection[Row], schema: str) -> None:
        super().__init__(main, beside, schema)
        self.asked: list[tuple[int, int]] = []

    async def events(self, after: int, upto: int) -> list[Row]:
        self.asked.append((after, upto))
        return await super().events(after, upto)


@pytest.mark.parametrize(("size", "asked"), [(700, [(0, 700)]), (2049, [(0, 2048), (2048, 2049)])])
def test_nothing_is_asked_for_beyond_the_end(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, size: int, asked: list[tuple[int, int]]
) -> None:
    """A question that nobody waits for is cut off, and PostgreSQL ends the whole transaction with it."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(size)
            monkeypatch.setattr(audit_readings, "AuditReading", Asked)
            async with audit_reading(sealing.server.app_dsn, sealing.schema) as reading:
                await verify(reading, keys=(SIGNER.vkey,), origin=ORIGIN)
            assert isinstance(reading, Asked)
            assert reading.asked == asked

    asyncio.run(promise())


DAMAGES = {
    "one bit of a page": (
        "update {schema}.page set body = set_byte(body, 500, get_byte(body, 500) # 1) where n = 1",
        "Page 1 is damaged; rows and tree agree.",
    ),
    "a page lost": ("delete from {schema}.page where n = 0", "Page 0 is missing; rows and tree agree."),
    "one bit of a tile": (
        "update {schema}.tile set hashes = set_byte(hashes, 500, get_byte(hashes, 500) # 1) where n = 1",
        "The tile 0/001 is damaged; rows and page agree.",
    ),
    "one bit of a tile's root": (
        "update {schema}.tile set root = set_byte(root, 5, get_byte(root, 5) # 1) where n = 0",
        "The tile 0/000 is damaged; rows and page agree.",
    ),
    "a tile lost": ("delete from {schema}.tile where n = 0", "The tile 0/000 is missing; rows and page agree."),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_or_lost_copy_is_named_and_made_again(ground: Ground, damage: str) -> None:
    query, sentence = DAMAGES[damage]

    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            assert sealing.tamper(query) == 1
            assert await sentences(sealing) == [sentence]
            _, repairable = await verified(sealing)
            assert len(await repair(repairable, sealing.database, sealing.schema)) == 1
            assert await sentences(sealing) == []

    asyncio.run(promise())


def test_page_and_tile_lost_or_replaced_together_are_made_again_where_the_signed_tree_fits_the_rows(
    ground: Ground,
) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            for table in ("page", "tile"):
                sealing.tamper("delete from {table} where n = 0", table=table)
            bodies = [b'{"another":%d}' % n for n in range(256)]
            hashes = [leaf_hash(body) for body in bodies]
            sealing.tamper("update {schema}.page set body = %s where n = 1", packed(b"\n".join(bodies) + b"\n"))
            sealing.tamper(
                "update {schema}.tile set hashes = %s, root = %s where n = 1", b"".join(hashes), root_of(hashes)
            )
            assert await sentences(sealing) == [
                "Page 0 is missing.",
                "The tile 0/000 is missing.",
                "Page 1 was changed at the positions 257 to 512; the rows have what was signed.",
                "The tile 0/001 was changed at the positions 257 to 512; the rows have what was signed.",
            ]
            _, repairable = await verified(sealing)
            assert await repair(repairable, sealing.database, sealing.schema) == [
                "page 0 and tile 0/000",
                "page 1 and tile 0/001",
            ]
            assert await sentences(sealing) == []

    asyncio.run(promise())


def test_a_higher_tile_is_named_and_made_again(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            bulk(sealing, 65_600)
            await sealing.sealer().seal()
            assert await sentences(sealing) == []
            for query, how in (
                (
                    "update {schema}.tile set hashes = set_byte(hashes, 999, get_byte(hashes, 999) # 1) where level = 1",
                    "damaged",
                ),
                ("delete from {schema}.tile where level = 1", "missing"),
            ):
                assert sealing.tamper(query) == 1
                assert await sentences(sealing) == [f"The tile 1/000 is {how}; the tiles below it give another."]
                _, repairable = await verified(sealing)
                assert await repair(repairable, sealing.database, sealing.schema) == ["tile 1/000"]
                assert await sentences(sealing) == []

    asyncio.run(promise())


# --- rows -------------------------------------------------------------------------------------------------------------
NONCE = """position('"nonce":"'::bytea in data) + 8"""
CHANGE = "update {schema}.event set data = set_byte(data, (NONCE), get_byte(data, (NONCE)) # 1) where position = %s"
CHANGE = CHANGE.replace("(NONCE)", NONCE)
"""A digit of the nonce: the event still reads well."""
PAGE_1_HAS = "Position 300: the row was changed; sealed page 1 and the signed tree agree on other bytes."


@pytest.mark.parametrize(
    ("damages", "expected"),
    [
        ([CHANGE], [PAGE_1_HAS]),
        (
            [CHANGE, "delete from {schema}.page where n = 1"],
            ["Page 1 is missing.", "Position 300: the row was changed; the signed tree has other bytes."],
        ),
        (
            [CHANGE, "delete from {schema}.tile where n = 1"],
            ["The tile 0/001 is missing.", "Position 300: the row was changed; sealed page 1 has other bytes."],
        ),
        (
            ["delete from {schema}.event where position = %s"],
            ["Position 300: the row is gone; sealed page 1 and the signed tree have it."],
        ),
    ],
)
def test_a_row_changed_by_a_superuser_is_named_and_never_mended(
    ground: Ground, damages: list[str], expected: list[str]
) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            for damage in damages:
                sealing.tamper(damage, *((300,) if "%s" in damage else ()))
            before = await sealing.rows("select position, data from {schema}.event order by position")
            found = [what for what in await sentences(sealing) if "command" not in what and "tag" not in what]
            assert found == expected
            _, repairable = await verified(sealing)
            assert await repair(repairable, sealing.database, sealing.schema) == []
            assert await sealing.rows("select position, data from {schema}.event order by position") == before

    asyncio.run(promise())


def test_a_change_in_the_tail_lies_between_the_checkpoints_that_say_so(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            sealing.tamper(CHANGE, 650)
            assert await sentences(sealing) == [
                (
                    "The checkpoint of 700 events was signed over other events than any copy holds: the checkpoint of 600 events "
                    "fits, so the change is at the positions 601 to 700."
                )
            ]

    asyncio.run(promise())


def test_all_copies_changed_alike_do_not_fit_what_was_signed(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            sealing.tamper(CHANGE, 300)
            bodies = [data for (data,) in await sealing.rows("select data from {schema}.event order by position")][
                256:512
            ]
            hashes = [leaf_hash(body) for body in bodies]
            sealing.tamper("update {schema}.page set body = %s where n = 1", packed(b"\n".join(bodies) + b"\n"))
            sealing.tamper(
                "update {schema}.tile set hashes = %s, root = %s where n = 1", b"".join(hashes), root_of(hashes)
            )
            assert await sentences(sealing) == [
                (
                    "The checkpoint of 600 events was signed over other events than any copy holds: the checkpoint of 100 events "
                    "fits, so the change is at the positions 101 to 600."
                )
            ]

    asyncio.run(promise())


def test_rows_gone_at_the_end_are_found_by_what_was_sealed_and_signed_of_them(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            sealing.tamper("delete from {schema}.event where position > 510")
            found = await sentences(sealing)
            assert "Position 511: the row is gone; sealed page 1 and the signed tree have it." in found
            assert "Position 512: the row is gone; sealed page 1 and the signed tree have it." in found
            for size in (600, SIZE):
                assert f"The checkpoint of {size} events covers events that are gone: the log ends at 510." in found

    asyncio.run(promise())


ROWS = {
    "at = at + interval '1 microsecond'": "Position 650: its bytes do not begin with the position and time of its row.",
    "tags = array_append(tags, 'x')": "Position 650: its row has the tags mentor:5, x; its bytes give mentor:5.",
    "tags = array_append(tags, null)": "Position 650: its row has the tags mentor:5, None; its bytes give mentor:5.",
    "tags = array[tags, tags]": (
        "Position 650: its row has the tags ['mentor:5'], ['mentor:5']; its bytes give mentor:5."
    ),
    "at = 'infinity'": "Position 650: its row has a time that no event can have.",
    "at = '0044-03-15 BC'": "Position 650: its row has a time that no event can have.",
    "data = set_byte(data, 2, 0)": "Position 650: its bytes do not begin with the position and time of its row.",
}


@pytest.mark.parametrize("change", ROWS)
def test_what_a_row_says_beside_its_bytes_is_compared_with_them(ground: Ground, change: str) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            sealing.tamper(f"update {{schema}}.event set {change} where position = 650")  # noqa: S608 - of the above
            assert ROWS[change] in await sentences(sealing)

    asyncio.run(promise())


def test_times_that_do_not_rise_are_found_in_bytes_that_agree_with_their_rows(ground: Ground) -> None:
    """As a clock that was set back would have given them, had the log taken its word."""

    async def promise() -> None:
        async with ground.open() as sealing:
            bulk(sealing, 300, backwards_at=200)
            found = await sentences(sealing)
            assert [what.partition(":")[0] for what in found] == ["Position 193"]
            assert "is before that of the event before it" in found[0]

    asyncio.run(promise())


def test_a_clock_that_is_set_back_leaves_a_log_that_verifies(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(3)
            await sealing.log.append(decision(*(await some(sealing)), at=datetime(2019, 1, 1, tzinfo=UTC)))
            await sealing.grow(5)
            await sealing.sealer().seal()
            assert await sentences(sealing) == []

    asyncio.run(promise())


async def some(sealing: Sealing) -> tuple[StatementIssued]:
    """An event that names a statement whose document is kept."""
    account = Account(
        network="test",
        constructed=False,
        partner="org:ekami",
        period="2019-03",
        form=2,
        cut=2,
        issued_on=None,
        state="issued",
        opening_cents=5,
        closing_cents=5,
        own_cents=0,
        lines=(),
        names={},
        rules=(),
        issued_digest=None,
    )
    assert account.digest
    assert account.document
    await PostgresDocuments(sealing.database, sealing.schema).keep(account.digest, account.document)
    return (
        StatementIssued(
            statement="statement:1",
            partner="org:ekami",
            period="2019-03",
            form=2,
            position=2,
            opening_cents=5,
            closing_cents=5,
            lines=0,
            digest=account.digest,
            dispute_by=None,
            tacit_approval=False,
            parties=("org:ekami",),
        ),
    )


BODIES = {
    "not UTF-8": ("data || '\\xff'::bytea", "its bytes are no event: "),
    "a string that is not UTF-8": ("set_byte(data, (NONCE), 255)", "its bytes are no event: "),
    "a NUL": ("set_byte(data, (NONCE), 0)", "its bytes are no event: "),
    "nested deep": ("convert_to(repeat('[', 60000), 'UTF8')", "its bytes are no event: "),
    "a line break": ("data || '\\x0a'::bytea", "its bytes hold a line break, which no event's bytes have."),
    "too long": ("data || convert_to(repeat(' ', 70000), 'UTF8')", "bytes; an event has at most 65,535."),
    "another position at the end": (
        "substr(data, 1, length(data) - 1) || convert_to(',\"sequence\":\"00000000000000000007\"}}', 'UTF8')",
        "its row says otherwise.",
    ),
    "another time at the end": (
        "substr(data, 1, length(data) - 1) || convert_to(',\"time\":\"2019-01-01T00:00:00Z\"}}', 'UTF8')",
        "its bytes are read as the event 00000000000000000650 of 2019-01-01T00:00:00+00:00; its row says otherwise.",
    ),
}


@pytest.mark.parametrize("body", BODIES)
def test_bytes_that_no_event_has_are_named_at_their_position(ground: Ground, body: str) -> None:
    change, sentence = BODIES[body][0].replace("(NONCE)", NONCE), BODIES[body][1]

    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            sealing.tamper(f"update {{schema}}.event set data = {change} where position = 650")  # noqa: S608 - of the above
            sealing.tamper("delete from {schema}.command where last = 100")  # has the strays looked for
            sealing.tamper(
                "insert into {schema}.command values ('00000000-0000-0000-0000-000000000001', '', 650, 1), "
                "('00000000-0000-0000-0000-000000000002', '', 649, 1)"
            )
            found = await sentences(sealing)
            assert [what for what in found if what.startswith("Position 650: ") and sentence in what]

    asyncio.run(promise())


def test_nothing_is_made_again_above_or_against_a_verified_checkpoint(ground: Ground) -> None:
    """Without one there is nothing that says which copy is right."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            flip = "update {schema}.page set body = set_byte(body, 500, get_byte(body, 500) # 1) where n = "
            sealing.tamper(f"{flip}1")
            sealing.tamper(CHANGE, 650)
            _, repairable = await verified(sealing)
            assert repairable == Repairable(refused=True)
            sealing.tamper(CHANGE, 650)
            sealing.tamper(f"{flip}1")
            await sealing.grow(900)
            await sealing.sealer(signers=()).seal()
            sealing.tamper(f"{flip}1")
            sealing.tamper(f"{flip}2")
            found, repairable = await verified(sealing)
            assert (found.faults_in_all, set(repairable.pages), repairable.refused) == (2, {1}, False)
            sealing.tamper("update {schema}.checkpoint set note = 'x' where size = 100")
            _, repairable = await verified(sealing)
            assert repairable == Repairable(refused=True)

    asyncio.run(promise())


def test_a_page_that_ends_with_the_newest_checkpoint_is_made_again(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing, 768)
            sealing.tamper("delete from {schema}.page where n = 2")
            _, repairable = await verified(sealing)
            assert await repair(repairable, sealing.database, sealing.schema) == ["page 2 and tile 0/002"]
            assert await sentences(sealing) == []

    asyncio.run(promise())


def test_rows_that_changed_since_they_were_verified_make_no_page(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            sealing.tamper("delete from {schema}.page where n = 1")
            _, repairable = await verified(sealing)
            sealing.tamper(CHANGE, 300)
            assert await repair(repairable, sealing.database, sealing.schema) == []
            assert await sealing.rows("select n from {schema}.page order by n") == [(0,)]

    asyncio.run(promise())


# --- tags, commands, the network --------------------------------------------------------------------------------------
INDEXES = {
    "delete from {schema}.tag where position = 300": "Position 300: it is not found under its tag mentor:5.",
    "insert into {schema}.tag values ('mentor:x', 2, 300)": (
        "Position 300: it is found under the tag mentor:x, which it does not have."
    ),
    "update {schema}.command set n = n - 1 where last = 128": "is recorded with 63 events up to 128.",
    "delete from {schema}.command where last = 128": "that led to it is not recorded; a repeat would act again.",
    "insert into {schema}.command values ('00000000-0000-0000-0000-000000000001', '', 300, 1)": (
        "Position 300: the command 00000000-0000-0000-0000-000000000001 is recorded for it and did not lead to it."
    ),
    "insert into {schema}.tag values ('mentor:x', 2, 321)": (
        "Position 321: it is found under the tag mentor:x, which it does not have."
    ),
    "insert into {schema}.tag values ('mentor:x', 2, -1)": (
        "Position -1: it is found under the tag mentor:x, which it does not have."
    ),
    "insert into {schema}.command values ('00000000-0000-0000-0000-000000000001', '', 400, 1)": (
        "Position 400: the command 00000000-0000-0000-0000-000000000001 is recorded for it and did not lead to it."
    ),
    "insert into {schema}.command values ('00000000-0000-0000-0000-000000000001', '', 0, 1)": (
        "Position 0: the command 00000000-0000-0000-0000-000000000001 is recorded for it and did not lead to it."
    ),
    "insert into {schema}.event select -5, type_id, at, tags, data from {schema}.event where position = 5": (
        "Position -5: there is a row, and the first position is 1."
    ),
    "delete from {schema}.network": "The network's row is there if and only if the log has events; here it is not so.",
    "update {schema}.network set constructed = true": "The network was founded as real; its row says otherwise.",
}


@pytest.mark.parametrize("damage", INDEXES)
def test_indexes_and_records_beside_the_log_are_exactly_those_of_its_events(ground: Ground, damage: str) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            bulk(sealing, 320)
            await sealing.sealer().seal()
            assert await sentences(sealing) == []
            assert sealing.tamper(damage) == 1
            (sentence,) = await sentences(sealing)
            assert sentence.endswith(INDEXES[damage])

    asyncio.run(promise())


def test_a_type_that_this_version_does_not_know_is_said_and_is_no_fault(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            bulk(sealing, 64, unknown=True)
            await sealing.sealer().seal()
            found, _ = await verified(sealing)
            assert (found.ok, found.unknown_types) == (True, {"tasma.later.thing.v1": 1})

    asyncio.run(promise())


# --- what was signed --------------------------------------------------------------------------------------------------
def test_a_checkpoint_that_was_changed_is_told_from_a_log_that_was(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            sealing.tamper(
                "update {schema}.checkpoint set note = replace(note, E'\\n600\\n', E'\\n601\\n') where size = 600"
            )
            sealing.tamper(
                "update {schema}.checkpoint set root = set_byte(root, 1, get_byte(root, 1) # 1) where size = 700"
            )
            first, second = await sentences(sealing)
            assert first == (
                f"The checkpoint of 600 events is damaged. The signature of {SIGNER.name}+{SIGNER.key_hash.hex()} does not fit "
                "this text: one of them was changed."
            )
            assert second.startswith("The checkpoint of 700 events is damaged. The row says 700 events and ")

    asyncio.run(promise())


def test_keys_given_from_outside_are_trusted_instead_of_those_in_the_database(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(10)
            forger = signer_of(make_key(ORIGIN, bytes(32)))
            await sealing.sealer(signers=[forger]).seal()
            found, _ = await verified(sealing, keys=None)
            assert (found.ok, found.keys) == (True, {f"{forger.name}+{forger.key_hash.hex()}": 1})
            assert await sentences(sealing) == [
                (
                    "The checkpoint of 10 events is damaged. No trusted key has signed this note; it is signed by "
                    f"{forger.name}+{forger.key_hash.hex()}."
                )
            ]

    asyncio.run(promise())


def test_cosignatures_are_verified_under_their_checkpoint(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            witness = cosigner_of(make_key("ekami.fi/w", bytes(32), COSIGNATURE), datetime(2026, 3, 5, tzinfo=UTC))
            await sealed(sealing)
            await sealing.tree.add_witness(Witness(witness.vkey, "org:ekami"))
            note = await sealing.tree.checkpoint() or ""
            signature = Signature(witness.name, witness.key_hash, witness.sign(read(note)[0].encode()))
            await sealing.tree.add_cosignature(with_signatures(note, [signature]))
            found, _ = await verified(sealing)
            assert (found.ok, found.cosignatures) == (True, {signature.key: 1})
            sealing.tamper("update {schema}.cosignature set size = 600")
            (sentence,) = await sentences(sealing)
            assert sentence.startswith(
                "A cosignature of the checkpoint of 600 events does not verify: The signature of "
            )

    asyncio.run(promise())


def test_issued_statements_are_kept_as_their_events_say(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(3)
            (issued,) = await some(sealing)
            await sealing.log.append(decision(issued))
            assert await sentences(sealing) == []
            begins = f"The statement of org:ekami for 2019-03, issued at position 4 as {issued.digest}: "
            sealing.tamper(
                "update {schema}.document set body = convert_to(replace(convert_from(body, 'UTF8'), '\"opening_cents\":5', "
                "'\"opening_cents\":6'), 'UTF8')"
            )
            (sentence,) = await sentences(sealing)
            assert sentence.startswith(f"{begins}its kept document has the digest ")
            sealing.tamper("delete from {schema}.document")
            assert await sentences(sealing) == [f"{begins}its document is not kept."]

    asyncio.run(promise())


def test_it_reads_one_moment_while_writers_go_on(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed(sealing)
            writing = asyncio.create_task(sealing.grow(3000))
            while not writing.done():
                assert await sentences(sealing) == []
                await sealing.sealer().seal()
            await writing

    asyncio.run(promise())
