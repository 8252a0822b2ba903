"""What a Kouta record may hold, and each thing it is refused for, in whole sentences."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kouta.decode import RECORD_BYTES_MAX, NotDecoded, decode
from adapters.kouta.read_record import KoutaRecord, KoutaRefused, read_record
from domain.catalog.events import Keyword
from domain.words import Names
from tests.kouta.records import OID, SOUND, read, refusal, sound, taught, with_metadata

FEE = "maksullisuustyyppi"


def priced(euros: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return taught(maksut=[{FEE: "maksullinen", "maksunMaara": euros}])


def described(record: Any) -> Any:  # noqa: ANN401 - a description, which mypy need not follow in tests of its fields
    return read(record).description


# --- prices and credits: exact ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("200.5", 20050),
        ("160", 16000),
        ("0.07", 7),
        ("1.10", 110),
        ("19.99", 1999),
        ("0.29", 29),
        ("99999999.99", 9999999999),
        ("2E+2", 20000),
    ],
)
def test_a_price_is_the_decimal_as_written(written: str, cents: int) -> None:
    """19.99 times 100 in floating point is less than 1999: no float may be on the way."""
    record = decode(b'{"fee": %s}' % written.encode())
    assert described(priced(record["fee"])).price_cents == cents


@pytest.mark.parametrize(
    ("fees", "cents", "notes"),
    [
        ([], None, ()),
        ([{FEE: "maksuton"}], 0, ()),
        ([{FEE: "maksullinen"}], None, ()),
        (
            [{FEE: "maksuton"}, {FEE: "lukuvuosimaksu", "maksunMaara": 8000}],
            0,
            ("The record is free for some and has a fee for others; the list price is 0.",),
        ),
        (
            [{FEE: "lukuvuosimaksu", "maksunMaara": 8000}],
            None,
            ("A fee by academic year or of an unknown kind is no list price and was left out.",),
        ),
        (
            [{FEE: "maksullinen", "maksunMaara": 10}, {FEE: "maksullinen", "maksunMaara": 20}],
            None,
            ("The record has several prices, so no single list price is given.",),
        ),
    ],
)
def test_only_a_single_price_is_a_list_price(fees: list[Any], cents: int | None, notes: tuple[str, ...]) -> None:
    record = read(taught(maksut=fees))
    assert record.description is not None
    assert (record.description.price_cents, record.notes) == (cents, notes)


@pytest.mark.parametrize(
    ("euros", "shown"), [(Decimal("200.505"), "200.505"), (-1, "-1"), (Decimal("100000000.01"), "100000000.01")]
)
def test_a_price_outside_whole_cents_is_refused(euros: Decimal | int, shown: str) -> None:
    assert refusal(priced(euros)) == (
        f"{OID} has the price {shown} euros; a price is in whole cents, up to a hundred million euros. Correct maksunMaara in Kouta."
    )


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (200.5, "200.5"),
        ("200,50", "200,50"),
        (True, "True"),
        (Decimal("1E+9999999"), "1E+9999999"),
        (10**99, "a number of many digits"),
    ],
)
def test_what_is_no_exact_number_is_refused(number: object, shown: str) -> None:
    """A float was rounded by whoever decoded the record; an exponent of millions would fill the memory."""
    assert refusal(priced(number)) == (
        f"{OID} has {shown} at maksunMaara, where an exact number belongs. Correct it in Kouta."
    )


@pytest.mark.parametrize(
    ("scope", "unit", "credits"),
    [
        ({"opintojenLaajuusNumero": Decimal("120.0")}, "opintojenlaajuusyksikko_2#1", "120"),
        ({"opintojenLaajuusNumero": 5}, "opintojenlaajuusyksikko_6#1", "5"),
        ({"opintojenLaajuusNumero": Decimal("2.50")}, "opintojenlaajuusyksikko_2#1", "2.5"),
        (
            {"opintojenLaajuusNumeroMin": 3, "opintojenLaajuusNumeroMax": Decimal("3.0")},
            "opintojenlaajuusyksikko_2",
            "3",
        ),
    ],
)
def test_credits_are_exact(scope: dict[str, Any], unit: str, credits: str) -> None:  # noqa: A002 - the field's name
    record = read(with_metadata(**scope, opintojenLaajuusyksikko={"koodiUri": unit}))
    assert record.description is not None
    assert (record.description.credits, record.notes) == (credits, ())


@pytest.mark.parametrize(
    ("scope", "note"),
    [
        (
            {"opintojenLaajuusNumero": 27, "opintojenLaajuusyksikko": {"koodiUri": "opintojenlaajuusyksikko_5#1"}},
            "The scope is given in opintojenlaajuusyksikko_5#1, which is no unit of credits, and was left out.",
        ),
        (
            {"opintojenLaajuusNumeroMin": 27, "opintojenLaajuusNumeroMax": 216},
            "The scope is a range, not one number, so no credits are given.",
        ),
    ],
)
def test_hours_and_ranges_are_no_credits(scope: dict[str, Any], note: str) -> None:
    record = read(with_metadata(**scope))
    assert record.description is not None
    assert (record.description.credits, record.notes) == (None, (note,))


def test_an_impossible_scope_is_refused() -> None:
    scope = {"opintojenLaajuusNumero": -5, "opintojenLaajuusyksikko": {"koodiUri": "opintojenlaajuusyksikko_2"}}
    assert refusal(with_metadata(**scope)) == (
        f"{OID} gives its scope as -5; a number of credits is positive, below a thousand million, with six decimals at most. "
        "Correct opintojenLaajuusNumero in Kouta."
    )


# --- texts -----------------------------------------------------------------------------------------------------------
def test_a_text_in_one_language_is_enough() -> None:
    assert described(sound(nimi={"sv": "Truckkurs", "fi": " ", "en": None})).name == Names(sv="Truckkurs")


def test_a_record_without_a_name_is_refused() -> None:
    for nameless in ({}, None, {"fi": "<p> </p>"}, {"et": "Tõstukikursus"}):
        assert refusal(sound(nimi=nameless)) == (
            f"{OID} has no name in fi, sv or en; name it in Kouta and import it again."
        )


def test_texts_lose_their_markup_and_what_is_learnt_follows() -> None:
    record = with_metadata(
        kuvaus={"fi": "<p>Lasti &amp; <b>kontti</b></p>"}, osaamistavoitteet={"fi": "<p>Osaat ajaa.</p>"}
    )
    assert described(record).summary.fi == "Lasti & kontti\nOsaat ajaa."


def test_what_does_not_fit_is_cut_and_that_is_said() -> None:
    record = read(
        sound(
            nimi={"fi": "pitkä " * 100, "et": "Tõstukikursus"},
            metadata={
                "kuvaus": {"fi": "sana " * 2000},
                "asiasanat": [{"arvo": f"sana {n}"} for n in range(60)],
                "opetus": {"opetuskieli": [{"koodiUri": "oppilaitoksenopetuskieli_5#1"}]},
            },
        )
    )
    assert record.description is not None
    assert len(record.description.name.fi or "") <= 200
    assert (record.description.name.fi or "").endswith("pitkä…")
    assert len(record.description.summary.fi or "") <= 5000
    assert len(record.description.keywords) == 50
    assert record.notes == (
        "The text nimi in et was left out: the catalogue holds fi, sv and en.",
        "The name in fi has 599 characters and was cut to 200.",
        "Of 60 keywords the first 50 were kept.",
        "The description in fi has 9,999 characters and was cut to 5,000.",
        "The teaching language oppilaitoksenopetuskieli_5#1 was left out: the catalogue knows fi, sv and en.",
    )


def test_keywords_are_stripped_and_said_once_in_a_language() -> None:
    record = with_metadata(
        asiasanat=[
            {"kieli": "fi", "arvo": " Data "},
            {"kieli": "fi", "arvo": "data"},
            {"kieli": "en", "arvo": "data"},
            {"arvo": ""},
            {},
        ],
        ammattinimikkeet=[{"arvo": "kuljettaja"}, {"kieli": "", "arvo": "Kuljettaja"}, {"kieli": "fi", "arvo": "DATA"}],
    )
    assert described(record).keywords == (
        Keyword(language="fi", text="Data"),
        Keyword(language="en", text="data"),
        Keyword(text="kuljettaja"),
    )


def test_keywords_in_other_languages_are_left_out_and_that_is_said() -> None:
    """Without a language they would be stemmed in three that they are not in."""
    others = [{"kieli": "se", "arvo": "truhkka"}, {"kieli": "et", "arvo": "tõstuk"}, {"kieli": "et", "arvo": "ladu"}]
    record = read(with_metadata(asiasanat=[*others, {"kieli": "sv", "arvo": "truck"}]))
    assert record.description is not None
    assert record.description.keywords == (Keyword(language="sv", text="truck"),)
    assert record.notes == ("The keywords in et, se were left out: the catalogue holds fi, sv and en.",)


# --- codes -----------------------------------------------------------------------------------------------------------
def test_no_teaching_language_is_no_fault() -> None:
    assert described(taught(opetuskieli=[])).languages == ()
    assert described(taught()).languages == ()


def test_codes_become_words_whatever_their_version() -> None:
    record = taught(
        opetuskieli=[{"koodiUri": "oppilaitoksenopetuskieli_3#2"}, {"koodiUri": "oppilaitoksenopetuskieli_4"}],
        opetustapa=[{"koodiUri": f"opetuspaikkakk_{n}#1"} for n in (2, 5, 1, 3)],
    )
    assert described(record).languages == ("fi", "sv", "en")
    assert described(record).modes == ("remote", "campus")


@pytest.mark.parametrize(
    ("fields", "keywords", "sector"),
    [
        (["kansallinenkoulutusluokitus2016koulutusalataso2_091#1"], [], "health-and-welfare"),
        (["kansallinenkoulutusluokitus2016koulutusalataso3_1041#1"], ["biotalous"], "logistics"),
        (["kansallinenkoulutusluokitus2016koulutusalataso2_042#1"], [], "general"),  # law
        (
            [
                "kansallinenkoulutusluokitus2016koulutusalataso1_07",
                "kansallinenkoulutusluokitus2016koulutusalataso1_08",
            ],
            [],
            "general",
        ),
        ([], ["Logistiikka", "varasto"], "logistics"),
        ([], ["teknologia"], "general"),
        ([], ["logistik", "biotalous"], "general"),
    ],
)
def test_a_sector_is_taken_only_where_the_record_names_one(fields: list[str], keywords: list[str], sector: str) -> None:
    record = with_metadata(koulutusala=[{"koodiUri": f} for f in fields], asiasanat=[{"arvo": k} for k in keywords])
    assert described(record).sector == sector


# --- state, kind, dates ----------------------------------------------------------------------------------------------
def test_an_archived_record_is_read_no_further() -> None:
    assert read(sound(tila="arkistoitu", nimi=None, metadata="broken")) == KoutaRecord(
        oid=OID, providers=(), description=None
    )


def test_states_that_are_not_public_are_refused() -> None:
    assert refusal(sound(tila="tallennettu")) == (
        f"{OID} is a draft (tila: tallennettu); publish it in Kouta and import it again."
    )
    assert refusal(sound(tila="valmis")) == (
        f"{OID} has the state (tila) valmis, which is none of julkaistu, tallennettu, arkistoitu and poistettu; "
        "correct it in Kouta."
    )


def test_only_programmes_and_implementations_are_offerings() -> None:
    assert refusal(sound(oid="1.2.246.562.10.81934895871")) == (
        "1.2.246.562.10.81934895871 is an institution, not an offering; register it with register-organisation, and import "
        "the koulutus and toteutus records it gives."
    )
    assert refusal(sound(oid="1.2.246.562.29.5")) == (
        "1.2.246.562.29.5 is neither a programme (1.2.246.562.13.…) nor an implementation (1.2.246.562.17.…); only those "
        "can be offerings."
    )


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ([], "A Kouta record is an object, not a list; give the JSON of one koulutus or toteutus."),
        ({}, "A Kouta record has an oid such as 1.2.246.562.17.1; nothing is none. Fetch the record again."),
        (
            {"oid": f"{OID}\n"},
            f"A Kouta record has an oid such as 1.2.246.562.17.1; '{OID}\\n' is none. Fetch the record again.",
        ),
        (sound(metadata=[1]), f"{OID} has a list at metadata, where an object belongs. Fetch the record again."),
        (sound(tarjoajat={}), f"{OID} has an object at tarjoajat, where a list belongs. Fetch the record again."),
        (sound(nimi={"fi": 7}), f"{OID} has 7 at nimi.fi, where a text belongs. Fetch the record again."),
        (
            with_metadata(asiasanat=[{"kieli": 1, "arvo": "trukki"}]),
            f"{OID} has 1 at metadata.asiasanat[0].kieli, where a text belongs. Fetch the record again.",
        ),
    ],
)
def test_what_is_no_record_is_refused(record: object, reason: str) -> None:
    assert refusal(record) == reason


def test_an_exact_start_time_is_no_fault() -> None:
    season = {
        "koulutuksenAlkamispaivamaara": "2021-08-04T12:00",
        "koulutuksenPaattymispaivamaara": "2021-08-04T00:00",  # the source's midnight: the same day
    }
    assert read(taught(koulutuksenAlkamiskausi=season)).notes == ()


@pytest.mark.parametrize("day", ["2019-02-30T09:00", "2019-13-01", "4.8.2021", "0201-08-04T12:00", "2019-01-01T25:00"])
def test_an_impossible_date_is_refused(day: str) -> None:
    assert refusal(with_metadata(hakuaika={"alkaa": day})) == (
        f"{OID} has an impossible date: metadata.hakuaika.alkaa is {day}. Correct it in Kouta; dates lie between 2000 and 2100."
    )


def test_teaching_that_ends_before_it_begins_is_refused() -> None:
    season = {"koulutuksenAlkamispaivamaara": "2019-03-02", "koulutuksenPaattymispaivamaara": "2019-03-01T23:59:59Z"}
    assert refusal(taught(koulutuksenAlkamiskausi=season)) == (
        f"{OID} ends before it begins: metadata.opetus.koulutuksenAlkamiskausi runs from 2019-03-02 to 2019-03-01. "
        "Correct the dates in Kouta."
    )


# --- any JSON --------------------------------------------------------------------------------------------------------
def test_bytes_that_are_no_json_are_refused() -> None:
    for body, sentence in (
        (b"\xff{}", "The file is no UTF-8 text: byte 1 is wrong. Save it as UTF-8."),
        (
            b"{",
            "The file is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1). Fetch the record again.",
        ),
        (b'{"a": NaN}', "The file is no JSON: NaN is no number. Fetch the record again."),
        (b" " * (RECORD_BYTES_MAX + 1), "The file has 1,048,577 bytes; the limit for one record is 1,048,576."),
    ):
        with pytest.raises(NotDecoded) as refused:
            decode(body)
        assert str(refused.value) == sentence
    with pytest.raises(NotDecoded):
        decode(b"[" * 200_000)
    with pytest.raises(NotDecoded):
        decode(b"9" * 5_000)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["fi", "oid", "koodiUri", "arvo", "kieli", "alkaa"]), inner)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["tila", "nimi", "tarjoajat", "metadata", "modified", "koulutuskoodienAlatJaAsteet"]), ANYTHING
    ),
    st.dictionaries(
        st.sampled_from(
            [
                "kuvaus",
                "asiasanat",
                "koulutusala",
                "hakuaika",
                "opetus",
                "opintojenLaajuusNumero",
                "opintojenLaajuusyksikko",
            ]
        ),
        ANYTHING,
    ),
    st.dictionaries(st.sampled_from(["maksut", "opetuskieli", "opetustapa", "koulutuksenAlkamiskausi"]), ANYTHING),
)
def test_whatever_a_record_holds_it_is_read_or_refused(top: Any, metadata: Any, teaching: Any) -> None:  # noqa: ANN401 - any JSON
    record = {**SOUND, "metadata": {**SOUND["metadata"], "opetus": teaching, **metadata}, **top}
    result = read_record(record)
    assert isinstance(result, KoutaRecord | KoutaRefused)
    if isinstance(result, KoutaRefused):
        assert result.reason.startswith(OID)
        assert result.reason.endswith(".")
