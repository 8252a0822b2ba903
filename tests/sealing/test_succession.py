"""Nothing is signed on top of what no key of this process has signed, whatever the database says of that key."""

import asyncio
from typing import cast

import pytest
from structlog.testing import capture_logs

from adapters.postgres.changed_events import Forked
from adapters.postgres.page_store import hashes_of, packed, unpacked
from adapters.postgres.sealer import Sealer
from adapters.postgres.succession import NotOurs
from adapters.signing import KeySigner, make_key, signer_of, verifier_of
from application.notes import Checkpoint, Signature, checkpoint_text, opened, signed, with_signatures
from application.tree import leaf_hash, root_of
from tests.sealing.conftest import ORIGIN, SIGNER, Ground, Sealing

OTHER, THIRD = (signer_of(make_key(ORIGIN, bytes([n]) * 32)) for n in (7, 8))
NAME = f"{ORIGIN}+{OTHER.key_hash.hex()}"


class Outside:
    """A place for one note."""

    note: str | None = None

    async def keep(self, note: str) -> None:
        self.note = note

    async def kept(self) -> str | None:
        return self.note


def sealer_of(sealing: Sealing, outside: Outside, *signers: KeySigner) -> Sealer:
    return Sealer(
        sealing.database,
        sealing.schema,
        sealing.log,
        origin=ORIGIN,
        signers=signers or (signer_of(make_key(ORIGIN, bytes(range(32)))),),
        keep=outside.keep,
        outside=outside.kept,
    )


async def sizes(sealing: Sealing) -> list[object]:
    return [size for (size,) in await sealing.rows("select size from {schema}.checkpoint order by size")]


@pytest.mark.parametrize("beside_ours", [False, True])
def test_a_history_signed_with_a_strangers_key_is_never_signed_with_ours(ground: Ground, *, beside_ours: bool) -> None:
    """Also where that key was recorded, and where it was put beside ours under every checkpoint before."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(300)
            await sealing.sealer().seal()
            if beside_ours:
                note = await sealing.tree.note() or ""
                text = checkpoint_text(Checkpoint(ORIGIN, 300, await sealing.root(300)))
                both = with_signatures(note, [Signature(OTHER.name, OTHER.key_hash, OTHER.sign(text.encode()))])
                sealing.tamper("update {schema}.checkpoint set note = %s", both)
            await sealing.grow(400)
            stranger = signed(checkpoint_text(Checkpoint(ORIGIN, 400, await sealing.root(400))), [OTHER])
            sealing.own(f"insert into {{schema}}.signing_key (vkey, first_size) values ('{OTHER.vkey}', 1)")  # noqa: S608
            sealing.tamper(
                "insert into {schema}.checkpoint (size, root, note) values (400, %s, %s)",
                await sealing.root(400),
                stranger,
            )
            await sealing.grow(700)
            for outside in (None, stranger, "no note"):
                place = Outside()
                place.note = outside
                with pytest.raises(NotOurs) as refused:
                    await sealer_of(sealing, place).seal()
                assert str(refused.value).startswith(
                    "The newest checkpoint, of 400 events, cannot be built on with the keys of this process. No trusted key has "
                    f"signed this note; it is signed by {NAME}. Nothing is sealed or signed on top of it."
                )
                assert "`tasma audit accept-restore --head N --key VKEY`" in str(refused.value)
                assert place.note == outside
            assert await sizes(sealing) == [300, 400]

    asyncio.run(promise())


@pytest.mark.parametrize(
    "damage",
    [
        "update {schema}.checkpoint set note = replace(note, E'\\n400\\n', E'\\n399\\n') where size = 400",
        "update {schema}.checkpoint set note = (select note from {schema}.checkpoint where size = 300) where size = 400",
        "update {schema}.checkpoint set root = set_byte(root, 0, get_byte(root, 0) # 1) where size = 400",
    ],
)
def test_a_checkpoint_that_is_not_what_was_signed_is_not_built_on(ground: Ground, damage: str) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            for size in (300, 400):
                await sealing.grow(size)
                await sealing.sealer().seal()
            assert sealing.tamper(damage) == 1
            await sealing.grow(500)
            with pytest.raises(NotOurs, match=r"^The newest checkpoint, of 400 events, cannot be built on"):
                await sealing.sealer().seal()
            assert await sizes(sealing) == [300, 400]

    asyncio.run(promise())


def test_keys_change_while_nothing_is_appended(ground: Ground) -> None:
    """Both have been given, and nothing happened: the new one alone goes on by what both kept outside."""

    async def promise() -> None:
        async with ground.open() as sealing:
            outside = Outside()
            await sealing.grow(10)
            for keys in ((OTHER,), (THIRD, OTHER)):
                await sealer_of(sealing, outside, *keys).seal()
            both = [verifier_of(key.vkey) for key in (THIRD, OTHER)]
            assert len(opened(outside.note or "", both).verified) == 2
            with pytest.raises(NotOurs):
                await sealer_of(sealing, Outside(), THIRD).seal()
            assert (await sealer_of(sealing, outside, THIRD).seal()).checkpoint == 10
            await sealing.grow(11)
            assert (await sealer_of(sealing, outside, THIRD).seal()).checkpoint == 11
            opened(await sealing.tree.note() or "", both[:1])

    asyncio.run(promise())


def test_a_lost_key_is_succeeded_when_a_person_names_it(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            outside = Outside()
            await sealing.grow(10)
            await sealer_of(sealing, outside, OTHER).seal()
            heir = sealer_of(sealing, outside, THIRD)
            assert NAME in (await heir.builds_on_newest() or "")
            with pytest.raises(NotOurs):
                await heir.accept([verifier_of(SIGNER.vkey)])
            await heir.accept([verifier_of(OTHER.vkey)])
            assert await heir.builds_on_newest() is None
            await sealing.grow(300)
            assert (await heir.seal()).checkpoint == 300
            opened(await sealing.tree.note() or "", [verifier_of(THIRD.vkey)])

    asyncio.run(promise())


def test_the_first_signature_of_a_new_key_survives_a_crash_before_it_is_stored(ground: Ground) -> None:
    class Crash(Exception):
        """The process is gone."""

    async def promise() -> None:
        async with ground.open() as sealing:
            outside = Outside()
            await sealing.grow(10)
            await sealer_of(sealing, outside, OTHER).seal()
            heir = sealer_of(sealing, outside, THIRD)
            await heir.accept([verifier_of(OTHER.vkey)])
            await sealing.grow(20)

            async def keep(note: str) -> None:
                outside.note = note
                raise Crash

            dying = Sealer(
                sealing.database,
                sealing.schema,
                sealing.log,
                origin=ORIGIN,
                signers=[THIRD],
                keep=keep,
                outside=outside.kept,
            )
            with pytest.raises(Crash):
                await dying.seal()
            assert await sizes(sealing) == [10]
            assert (await sealer_of(sealing, outside, THIRD).seal()).checkpoint == 20

    asyncio.run(promise())


# --- whole copies that contradict the rows ----------------------------------------------------------------------------
CHANGE = "update {schema}.event set data = set_byte(data, 200, get_byte(data, 200) # 1) where position = 300"
TORN = "update {schema}.tile set hashes = set_byte(hashes, 77, get_byte(hashes, 77) # 1) where n = 1"


async def sealed_unsigned(sealing: Sealing) -> None:
    """A checkpoint of 280 events, and the page after it sealed and not signed."""
    await sealing.grow(280)
    await sealing.sealer().seal()
    await sealing.grow(600)
    await sealing.sealer(signers=()).seal()
    assert await sizes(sealing) == [280]


@pytest.mark.parametrize(
    "more",
    [
        None,
        "delete from {schema}.tile where n = 1",
        "delete from {schema}.page where n = 1",
        TORN,
    ],
)
def test_a_changed_row_is_not_signed_while_a_whole_copy_contradicts_it(ground: Ground, more: str | None) -> None:
    """And the copy stays, so that the row can be put back."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed_unsigned(sealing)
            sealing.tamper(CHANGE)
            if more:
                assert sealing.tamper(more) == 1
            before = await sealing.rows("select n, body from {schema}.page order by n")
            for _ in range(2):
                with pytest.raises(Forked) as stopped:
                    await sealing.sealer().seal()
                assert str(stopped.value).startswith(
                    "The row at position 300 is not the event with which page 1 was sealed, and no signed checkpoint covers it"
                )
                assert "`tasma audit verify`" in str(stopped.value)
            after = await sealing.rows("select n, body from {schema}.page order by n")
            assert before == [row for row in after if row in before]
            assert await sizes(sealing) == [280]
            sealing.tamper(CHANGE)  # the same bit back
            assert (await sealing.sealer().seal()).checkpoint == 600

    asyncio.run(promise())


def test_a_row_and_its_tile_changed_alike_do_not_outvote_the_page(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed_unsigned(sealing)
            sealing.tamper(CHANGE)
            rows = await sealing.rows(
                "select data from {schema}.event where position between 257 and 512 order by position"
            )
            hashes = [leaf_hash(cast("bytes", data)) for (data,) in rows]
            made = f"hashes = '\\x{b''.join(hashes).hex()}', root = '\\x{root_of(hashes).hex()}'"
            assert sealing.tamper(f"update {{schema}}.tile set {made} where level = 0 and n = 1") == 1  # noqa: S608 - hex digits
            pages = await sealing.rows("select n, body from {schema}.page order by n")
            with pytest.raises(Forked, match="The row at position 300 is not the event with which page 1 was sealed"):
                await sealing.sealer().seal()
            assert await sealing.rows("select n, body from {schema}.page order by n") == pages
            assert await sizes(sealing) == [280]

    asyncio.run(promise())


@pytest.mark.parametrize(
    "damage",
    [
        "update {schema}.page set body = set_byte(body, length(body) / 2, get_byte(body, length(body) / 2) # 1) where n = 1",
        "update {schema}.page p set body = (select body from {schema}.page where n = 0) where n = 1",
        TORN,
        "delete from {schema}.page where n = 1",
        "delete from {schema}.tile where n = 1",
    ],
)
def test_a_copy_that_is_damaged_by_itself_is_made_anew(ground: Ground, damage: str) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed_unsigned(sealing)
            pages = await sealing.rows("select n, body from {schema}.page order by n")
            assert sealing.tamper(damage) == 1
            with capture_logs() as logged:
                assert (await sealing.sealer().seal()).checkpoint == 600
            assert [each["event"] for each in logged] == ["sealing.page_discarded"] * (not damage.startswith("delete"))
            assert await sealing.rows("select n, body from {schema}.page order by n") == pages

    asyncio.run(promise())


async def forge_page(sealing: Sealing) -> None:
    """Another event at position 300, in page 1 and in its tile: whole, both of them."""
    ((body,),) = await sealing.rows("select body from {schema}.page where n = 1")
    assert isinstance(body, bytes)
    lines = (unpacked(body) or b"").split(b"\n")
    lines[43] = lines[43].replace(b'"specversion":"1.0"', b'"specversion":"1.1"')
    hashes = hashes_of(b"\n".join(lines))
    sealing.tamper("update {schema}.page set body = %s where n = 1", packed(b"\n".join(lines)))
    sealing.tamper("update {schema}.tile set hashes = %s, root = %s where n = 1", b"".join(hashes), root_of(hashes))


@pytest.mark.parametrize("signed_up_to", [280, 600])
def test_a_checkpoint_decides_between_the_rows_and_a_whole_copy(ground: Ground, signed_up_to: int) -> None:
    """What it covers is made anew as the rows have it; behind it nobody knows, and the sealer stops."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await sealed_unsigned(sealing)
            if signed_up_to == 600:
                await sealing.sealer().seal()
            await forge_page(sealing)
            await sealing.grow(601)
            if signed_up_to == 600:
                assert (await sealing.sealer().seal()).checkpoint == 601
                assert await sealing.tree.subtree(0, 601) == await sealing.root(601)
            else:
                with pytest.raises(Forked, match=r"^The row at position 300 is not the event"):
                    await sealing.sealer().seal()

    asyncio.run(promise())
