"""Importing: published once, unchanged the second time, updated, archived, or refused with the log as it was."""

import asyncio

from adapters.kouta.import_records import Imported
from tests.kouta.records import EKAMI, OID, XAMK, Network, sound

OFFERING = f"offering:{OID}"
PROVIDER = "1.2.246.562.10.777"


def results(lines: list[Imported]) -> list[str]:
    return [line.result for line in lines]


def reasons(lines: list[Imported]) -> list[str | None]:
    return [line.reason for line in lines]


def test_a_record_is_published_and_a_repeat_changes_nothing() -> None:
    async def story() -> None:
        network = await Network().founded()
        assert await network.take(sound()) == [
            Imported(source="0.json", oid=OID, offering=OFFERING, result="published", position=5)
        ]
        assert await network.take(sound(), sound()) == [
            Imported(source=f"{n}.json", oid=OID, offering=OFFERING, result="unchanged") for n in (0, 1)
        ]
        assert await network.size() == 5

    asyncio.run(story())


def test_only_what_the_catalogue_shows_is_a_change() -> None:
    async def story() -> None:
        network = await Network().founded()
        changed = sound(nimi={"fi": "Trukkikurssi", "sv": "Truckkurs"})
        assert results(await network.take(sound(), sound(modified="2019-02-01T10:00:00"), changed)) == [
            "published",
            "unchanged",
            "updated",
        ]

    asyncio.run(story())


def test_a_description_that_comes_back_is_an_update_each_time() -> None:
    """A command id made of the content alone would take the third and fourth for repeats of the first and second."""

    async def story() -> None:
        network = await Network().founded()
        other = sound(nimi={"fi": "Trukin kertauskurssi"})
        assert results(await network.take(sound(), other, sound(), other, other)) == [
            "published",
            "updated",
            "updated",
            "updated",
            "unchanged",
        ]
        assert await network.size() == 8

    asyncio.run(story())


def test_two_imports_at_once_publish_one_offering() -> None:
    async def story() -> None:
        network = await Network().founded()
        lines = await asyncio.gather(*(network.take(sound()) for _ in range(4)))
        assert sorted(line.result for [line] in lines) == ["published", "unchanged", "unchanged", "unchanged"]
        assert await network.size() == 5

    asyncio.run(story())


def test_a_record_archived_at_the_source_is_archived_here_if_it_was_here() -> None:
    async def story() -> None:
        network = await Network().founded()
        archived = sound(tila="arkistoitu")
        assert reasons(await network.take(archived)) == [
            f"{OID} is archived at the source and was never published here; there is nothing to archive."
        ]
        lines = await network.take(sound(), archived, archived, sound())
        assert results(lines) == ["published", "archived", "unchanged", "refused"]
        assert lines[3].reason == f"{OFFERING} was archived on 2019-01-02; publish it anew under another id."

    asyncio.run(story())


def test_a_record_without_a_known_provider_is_refused_and_the_log_does_not_grow() -> None:
    async def story() -> None:
        network = await Network().founded()
        before = await network.size()
        nobody, stranger = sound(tarjoajat=[]), sound(tarjoajat=[{"oid": PROVIDER}])
        both = sound(tarjoajat=[{"oid": XAMK}, {"oid": EKAMI}, {"oid": PROVIDER}])
        assert reasons(await network.take(nobody, stranger, both)) == [
            f"{OID} has no provider (tarjoajat); name one in Kouta, or bind the record with --provider {OID}=org:….",
            (
                f"{OID} is given by {PROVIDER}, and no partner is registered under that oid; register it, or bind it with "
                f"--provider {PROVIDER}=org:…."
            ),
            (
                f"{OID} is given by org:xamk and org:ekami, and an offering has one provider; bind the record with "
                f"--provider {OID}=org:xamk or another of them."
            ),
        ]
        assert await network.size() == before

    asyncio.run(story())


def test_the_caller_may_bind_a_provider_or_a_single_record() -> None:
    async def story() -> None:
        for record, bound in (
            (sound(tarjoajat=[]), {OID: "org:xamk"}),
            (sound(tarjoajat=[{"oid": PROVIDER}]), {PROVIDER: "org:ekami"}),
            (sound(tarjoajat=[{"oid": XAMK}, {"oid": EKAMI}]), {OID: "org:ekami"}),
            (sound(tarjoajat=[{"oid": PROVIDER}, {"oid": EKAMI}]), {}),
        ):
            network = await Network().founded()
            assert results(await network.take(record, bound=bound)) == ["published"]

    asyncio.run(story())


def test_a_record_that_changed_hands_is_refused() -> None:
    async def story() -> None:
        network = await Network().founded()
        assert reasons(await network.take(sound(), sound(tarjoajat=[{"oid": XAMK}]))) == [
            None,
            (
                f"{OID} is given by org:xamk at the source but was published here by org:ekami; archive it here with the "
                "reason replaced, and publish it under another id."
            ),
        ]

    asyncio.run(story())


def test_a_binding_to_nobody_is_refused_by_the_rule_itself() -> None:
    async def story() -> None:
        network = await Network().founded()
        assert reasons(await network.take(sound(), bound={OID: "org:nobody"})) == [
            "There is no partner org:nobody here."
        ]
        [line] = await network.take(sound(), bound={OID: "nobody"})
        assert line.result == "refused"

    asyncio.run(story())


def test_one_wrong_record_does_not_stop_the_others() -> None:
    async def story() -> None:
        network = await Network().founded()
        assert results(await network.take({"oid": 1}, sound(nimi={}), sound())) == ["refused", "refused", "published"]

    asyncio.run(story())
