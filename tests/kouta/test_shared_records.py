"""Every real record at hand, and every record of the example, is accepted or refused with a stated reason."""

import asyncio
import json
from pathlib import Path

import pytest

from adapters.kouta.decode import decode
from adapters.kouta.offer import Wanted, offer
from adapters.kouta.read_record import KoutaRecord, read_record
from domain.catalog.events import Keyword
from domain.words import Names
from tests.kouta.records import Network, read

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data" / "kouta"
EXAMPLE = ROOT / "examples" / "kymenlaakso"
NOTHING = "nothing was refused"
REASONS = {
    "koulutus-2032.json": "1.2.246.562.13.00000000000000002032 is archived at the source and was never published here; there is "
    "nothing to archive.",
    "oppilaitos-example-1.json": "1.2.246.562.10.81934895871 is an institution, not an offering; register it with "
    "register-organisation, and import the koulutus and toteutus records it gives.",
    "toteutus-arkistoitu.json": "1.2.246.562.17.00000000000000022579 is archived at the source and was never published here; "
    "there is nothing to archive.",
    "toteutus-ei-tarjoajia.json": "1.2.246.562.17.00000000000000011735 has no provider (tarjoajat); name one in Kouta, or bind "
    "the record with --provider 1.2.246.562.17.00000000000000011735=org:….",
    "arkistoitu.json": "1.2.246.562.17.00000000000999000022 is archived at the source and was never published here; there is "
    "nothing to archive.",
    "ilman-nimea.json": "1.2.246.562.17.00000000000999000023 has no name in fi, sv or en; name it in Kouta and import it again.",
    "ilman-tarjoajaa.json": "1.2.246.562.17.00000000000999000021 has no provider (tarjoajat); name one in Kouta, or bind the "
    "record with --provider 1.2.246.562.17.00000000000999000021=org:….",
    "mahdoton-paiva.json": "1.2.246.562.17.00000000000999000024 has an impossible date: "
    "metadata.opetus.koulutuksenAlkamiskausi.koulutuksenAlkamispaivamaara is 2019-02-30T09:00. Correct it in Kouta; dates lie "
    "between 2000 and 2100.",
}

shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"the real records are not at {SHARED}; they are no part of this repository"
)


def outcome(path: Path) -> str:
    """The reason of a refusal, with every provider bound to one partner."""
    record = read_record(decode(path.read_bytes()))
    asked = offer(record, dict.fromkeys(record.providers, "org:xamk")) if isinstance(record, KoutaRecord) else record
    assert asked is not None
    return NOTHING if isinstance(asked, Wanted) else asked.reason


@shared
@pytest.mark.parametrize("path", sorted(SHARED.glob("*.json")), ids=lambda p: p.name)
def test_every_real_record_is_accepted_or_refused_with_its_reason(path: Path) -> None:
    assert outcome(path) == REASONS.get(path.name, NOTHING)


@shared
def test_every_real_record_can_be_imported_twice() -> None:
    async def story() -> None:
        network = await Network().founded()
        records = [json.loads(p.read_bytes()) for p in sorted(SHARED.glob("*.json"))]
        bound = {p["oid"]: "org:ekami" for record in records for p in record.get("tarjoajat", [])}
        first = await network.take(*records, bound=bound)
        assert [line.result for line in first].count("published") == len(records) - 4
        size = await network.size()
        again = await network.take(*records, bound=bound)
        assert {line.result for line in again} == {"unchanged", "refused"}
        assert await network.size() == size

    asyncio.run(story())


@shared
def test_a_real_record_keeps_price_codes_and_both_languages() -> None:
    description = read(decode((SHARED / "toteutus-example-1.json").read_bytes())).description
    assert description is not None
    assert description.name == Names(fi="Teppana jänis 2022", sv="Glusiska haren 2022")
    assert description.price_cents == 20050
    assert (description.languages, description.modes) == (("fi",), ("campus", "remote"))
    assert description.keywords == tuple(
        Keyword(language="fi", text=word)
        for word in ("robotiikka", "robottiautomatiikka", "insinööri", "koneinsinööri")
    )
    assert description.source == "1.2.246.562.17.00000000000000000002"


@shared
def test_real_records_without_language_scope_or_field_are_accepted_as_they_are() -> None:
    silent = read(decode((SHARED / "toteutus-ei-opetuskielta.json").read_bytes())).description
    assert silent is not None
    assert (silent.languages, silent.price_cents, silent.name.fi) == ((), 0, None)
    hours = read(decode((SHARED / "koulutus-ilman-koulutusalaa.json").read_bytes()))
    assert hours.description is not None
    assert (hours.description.credits, hours.description.sector) == (None, "general")
    assert hours.notes == (
        "The scope is given in opintojenlaajuusyksikko_5#1, which is no unit of credits, and was left out.",
    )
    master = read(decode((SHARED / "koulutus-1806.json").read_bytes())).description
    assert master is not None
    assert (master.credits, master.sector) == ("120", "health-and-welfare")


@pytest.mark.parametrize("path", sorted((EXAMPLE / "offerings").glob("*.json")), ids=lambda p: p.name)
def test_every_example_is_an_offering_of_a_partner_or_shows_a_refusal(path: Path) -> None:
    members = json.loads((EXAMPLE / "organisations.json").read_text(encoding="utf-8"))
    partners = {m["oid"]: m["organisation"] for m in members if m["membership"]}
    record = read_record(decode(path.read_bytes()))
    asked = offer(record, partners) if isinstance(record, KoutaRecord) else record
    assert asked is not None
    assert (NOTHING if isinstance(asked, Wanted) else asked.reason) == REASONS.get(path.name, NOTHING)
    assert isinstance(record, KoutaRecord) is (path.name not in ("ilman-nimea.json", "mahdoton-paiva.json"))
    assert not getattr(record, "notes", ())
