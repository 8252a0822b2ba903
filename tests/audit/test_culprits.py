"""Whatever two copies say alike, the signed checkpoint decides: every copy that was changed is named, and only those."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.auditing.places import WAYS_MAX
from adapters.auditing.repair import repair
from adapters.auditing.report import FAULTS_MAX
from adapters.postgres.page_store import packed, unpacked
from application.envelope import PAGE_EVENTS
from application.notes import Checkpoint, checkpoint_text, signed
from application.tree import HASH_BYTES, leaf_hash, root_of
from tests.audit.test_verify import CHANGE, sealed, verified
from tests.sealing.conftest import ORIGIN, SIGNER, Ground, Sealing

SIZE = 1_600
Copies = tuple[str, ...]
CHANGED = b'"nonce":"changed'


async def change(sealing: Sealing, position: int, *copies: str) -> None:
    """Change an event in some of its copies, alike, and each so that it is whole in itself."""
    n, at = divmod(position - 1, PAGE_EVENTS)
    ((body, page, hashes),) = await sealing.rows(
        "select e.data, p.body, t.hashes from {schema}.event e left join {schema}.page p on p.n = %s "
        "left join {schema}.tile t on t.level = 0 and t.n = %s where e.position = %s",
        n,
        n,
        position,
    )
    changed = body.replace(b'"nonce":"', CHANGED, 1)
    if "row" in copies:
        assert sealing.tamper("update {schema}.event set data = %s where position = %s", changed, position) == 1
    if "page" in copies:
        lines = (unpacked(page) or b"").splitlines(keepends=True)
        lines[at] = changed + b"\n"
        assert sealing.tamper("update {schema}.page set body = %s where n = %s", packed(b"".join(lines)), n) == 1
    if "tile" in copies:
        leaves = [hashes[i : i + HASH_BYTES] for i in range(0, len(hashes), HASH_BYTES)]
        leaves[at] = leaf_hash(changed)
        sealing.tamper(
            "update {schema}.tile set hashes = %s, root = %s where level = 0 and n = %s",
            b"".join(leaves),
            root_of(leaves),
            n,
        )


async def culprits(sealing: Sealing) -> list[tuple[int, str]]:
    """The positions and kinds of what was found wrong with copies."""
    found, _ = await verified(sealing)
    assert found.faults_in_all == len(found.faults)
    return [(fault.position, fault.kind) for fault in found.faults]


def on(ground: Ground, promise: Callable[[Sealing], Awaitable[None]]) -> None:
    """Keep a promise on a log with checkpoints at 100, 600 and its head."""

    async def work() -> None:
        async with ground.open() as sealing:
            await sealed(sealing, SIZE)
            await promise(sealing)

    asyncio.run(work())


SENTENCES = {
    ("row",): ["Position 700: the row was changed; sealed page 2 and the signed tree agree on other bytes."],
    ("page",): ["Page 2 was changed at position 700; the rows and the tree have what was signed."],
    ("tile",): ["The tile 0/002 was changed at position 700; the rows and the page have what was signed."],
    ("row", "page"): [
        "Position 700: the row was changed; the signed tree has other bytes.",
        "Page 2 was changed at position 700; the tree has what was signed.",
    ],
    ("row", "tile"): [
        "Position 700: the row was changed; sealed page 2 has other bytes.",
        "The tile 0/002 was changed at position 700; the page has what was signed.",
    ],
    ("page", "tile"): [
        "Page 2 was changed at position 700; the rows have what was signed.",
        "The tile 0/002 was changed at position 700; the rows have what was signed.",
    ],
}


@pytest.mark.parametrize("copies", SENTENCES)
def test_the_one_true_copy_is_believed_and_every_other_named(ground: Ground, copies: Copies) -> None:
    async def promise(sealing: Sealing) -> None:
        await change(sealing, 700, *copies)
        found, repairable = await verified(sealing)
        assert [fault.what for fault in found.faults] == SENTENCES[copies]
        assert [(fault.position, fault.kind) for fault in found.faults] == [(700, copy) for copy in copies]
        made = await repair(repairable, sealing.database, sealing.schema)
        assert made == ([] if "row" in copies else ["page 2 and tile 0/002"])
        if made:
            assert await culprits(sealing) == []

    on(ground, promise)


def test_each_place_of_a_stretch_has_its_own_culprit(ground: Ground) -> None:
    """In other pages, in the same page, and on either side of a checkpoint within a page."""

    async def promise(sealing: Sealing) -> None:
        changes = {
            300: ("row",),
            320: ("page", "tile"),
            590: ("row", "page"),
            610: ("row", "tile"),
            700: ("page", "tile"),
            1_100: ("row",),
            1_101: ("tile",),
        }
        for position, copies in changes.items():
            await change(sealing, position, *copies)
        assert sorted(await culprits(sealing)) == sorted(
            (position, copy) for position, copies in changes.items() for copy in copies
        )
        _, repairable = await verified(sealing)
        assert await repair(repairable, sealing.database, sealing.schema) == []

    on(ground, promise)


def test_pages_and_tiles_are_made_again_beside_rows_that_are_not(ground: Ground) -> None:
    async def promise(sealing: Sealing) -> None:
        await change(sealing, 300, "row")
        await change(sealing, 700, "page", "tile")
        before = await sealing.rows("select position, data from {schema}.event order by position")
        _, repairable = await verified(sealing)
        assert await repair(repairable, sealing.database, sealing.schema) == ["page 2 and tile 0/002"]
        assert await culprits(sealing) == [(300, "row")]
        assert await sealing.rows("select position, data from {schema}.event order by position") == before

    on(ground, promise)


def test_a_row_that_is_gone_beside_a_page_that_was_changed(ground: Ground) -> None:
    async def promise(sealing: Sealing) -> None:
        await change(sealing, 700, "page")
        sealing.tamper("delete from {schema}.event where position = 700")
        found, _ = await verified(sealing)
        assert [fault.what for fault in found.faults if fault.kind not in ("command", "tag")] == [
            "Position 700: the row is gone; the signed tree has it.",
            "Page 2 was changed at position 700; the tree has what was signed.",
        ]

    on(ground, promise)


def test_rows_changed_everywhere_are_known_for_what_they_are(ground: Ground) -> None:
    """At far more places than there are ways to try: a copy is also believed or not as a whole."""

    async def promise(sealing: Sealing) -> None:
        sealing.tamper(CHANGE.replace("position = %s", "position > 300 and position <= 1500 and position % 2 = 0"))
        found, repairable = await verified(sealing)
        assert {fault.kind for fault in found.faults} == {"row"}
        assert (found.faults_in_all, len(found.faults), found.faults[0].position) == (600, FAULTS_MAX, 302)
        assert not repairable.refused
        assert await repair(repairable, sealing.database, sealing.schema) == []

    on(ground, promise)


def test_pages_and_tiles_changed_everywhere_are_made_again(ground: Ground) -> None:
    async def promise(sealing: Sealing) -> None:
        for position in range(605, 1_500, 50):
            await change(sealing, position, "page", "tile")
        found, repairable = await verified(sealing)
        assert [(fault.position, fault.kind) for fault in found.faults[:2]] == [(605, "page"), (605, "tile")]
        assert {fault.kind for fault in found.faults} == {"page", "tile"}
        assert len(await repair(repairable, sealing.database, sealing.schema)) == 4
        assert await culprits(sealing) == []

    on(ground, promise)


def test_beyond_what_can_be_tried_it_is_said_where_nobody_can_decide(ground: Ground) -> None:
    """Fourteen places, the copies changed now one way, now the other: more ways than are tried, and none is blamed."""

    async def promise(sealing: Sealing) -> None:
        places = range(610, 610 + 20 * 14, 20)
        for nth, position in enumerate(places):
            await change(sealing, position, *(("row",) if nth % 2 else ("page", "tile")))
        found, repairable = await verified(sealing)
        assert 2 ** len(places) > WAYS_MAX
        assert (found.faults[0].position, found.faults[0].kind) == (601, "tree")
        assert found.faults[0].what == (
            f"The checkpoint of 1,600 events fits none of the {WAYS_MAX} ways to read the copies that were tried, and they "
            "differ at so many positions that there are more: the checkpoint of 600 events fits, so the change is at the "
            "positions 601 to 1,600."
        )
        assert [(fault.position, fault.kind) for fault in found.faults[1:]] == [(p, "undecided") for p in places]
        assert found.faults[1].what == (
            "Position 610: the row has one reading, sealed page 2 and the tile 0/002 have another, and no signed checkpoint "
            "decides between them."
        )
        assert repairable.refused
        assert await repair(repairable, sealing.database, sealing.schema) == []

    on(ground, promise)


def test_what_fits_no_way_names_the_stretch_and_where_the_copies_differ(ground: Ground) -> None:
    async def promise(sealing: Sealing) -> None:
        await change(sealing, 650, "row", "page", "tile")
        await change(sealing, 300, "page")
        await change(sealing, 700, "row")
        found, repairable = await verified(sealing)
        assert [(fault.position, fault.kind) for fault in found.faults] == [
            (300, "page"),
            (601, "tree"),
            (700, "undecided"),
        ]
        assert "was signed over other events than any copy holds: the checkpoint of 600" in found.faults[1].what
        assert repairable.refused

    on(ground, promise)


def test_what_no_checkpoint_covers_is_not_decided(ground: Ground) -> None:
    """Nobody is blamed where nothing is signed, and nothing is made again there."""

    async def promise(sealing: Sealing) -> None:
        await sealing.grow(SIZE + 3 * PAGE_EVENTS)
        await sealing.sealer(signers=()).seal()
        for position in (2_000, 2_001, 2_002, 2_010):
            await change(sealing, position, "row")
        found, repairable = await verified(sealing)
        assert [(fault.position, fault.kind) for fault in found.faults] == [(2_000, "undecided"), (2_010, "undecided")]
        assert found.faults[0].what == (
            "Positions 2,000 to 2,002: the row has one reading, sealed page 7 and the tile 0/007 have another, and no signed "
            "checkpoint decides between them."
        )
        assert await repair(repairable, sealing.database, sealing.schema) == []

    on(ground, promise)


def test_a_checkpoint_of_another_history_is_overruled_by_the_next_that_fits(ground: Ground) -> None:
    """A key that is trusted has signed two histories: that is said, and the copies are judged by what fits."""

    async def promise(sealing: Sealing) -> None:
        note = signed(checkpoint_text(Checkpoint(ORIGIN, 650, bytes(32))), [SIGNER])
        sealing.tamper("insert into {schema}.checkpoint (size, root, note) values (650, %s, %s)", bytes(32), note)
        await change(sealing, 700, "page", "tile")
        found, repairable = await verified(sealing)
        assert [(fault.position, fault.kind) for fault in found.faults] == [
            (650, "checkpoint"),
            (700, "page"),
            (700, "tile"),
        ]
        assert "the later one of 1,600 events fits" in found.faults[0].what
        assert repairable.refused

    on(ground, promise)
