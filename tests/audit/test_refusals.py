"""What leaves the house of a damaged log: nothing, and a sentence that names the position."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.signing import cosigner_of, make_key
from application.notes import COSIGNATURE, Signature
from tests.audit.test_command import CHANGE, audit_verify, grown, key_of, sealer_of, tampered, tasma
from tests.audit.test_statements import Change, at, forge, front, issued
from tests.sealing.conftest import Ground

UNDECODABLE = "update {schema}.event set data = set_byte(data, 150, 255) where position = "
DAMAGES = {
    "a row under an intact page gone": (
        "delete from {schema}.event where position = 300",
        300,
        "The row of the event at position 300 is gone; sealed page 1 has it; nothing was exported.",
    ),
    "a row under an intact page changed": (
        CHANGE,
        300,
        "The event at position 300 has other bytes in its row than in sealed page 1; nothing was exported.",
    ),
    "undecodable bytes under an intact page": (
        f"{UNDECODABLE}300",
        300,
        "The event at position 300 has other bytes in its row than in sealed page 1; nothing was exported.",
    ),
    "the first row gone": (
        "delete from {schema}.event where position = 1",
        1,
        "The row of the event at position 1 is gone; sealed page 0 has it; nothing was exported.",
    ),
    "a row of the tail gone": (
        "delete from {schema}.event where position = 550",
        550,
        "The event at position 550 is not there; nothing was exported.",
    ),
    "undecodable bytes in the tail": (f"{UNDECODABLE}550", 550, "The bytes at position 550 are no event ("),
    "no JSON in the tail": (
        "update {schema}.event set data = '\\x7b' where position = 550",
        550,
        "The bytes at position 550 are no event (",
    ),
    "a line break in the tail": (
        "update {schema}.event set data = data || '\\x0a'::bytea where position = 550",
        550,
        "The bytes at position 550 hold a line break, which no event's bytes have; nothing was exported.",
    ),
    "a row of the tail changed": (
        CHANGE.replace("300", "550"),
        550,
        "The bytes at position 550 are no event (",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("signed", [True, False])
def test_a_damaged_log_is_neither_exported_nor_proven_and_a_sentence_says_so(
    ground: Ground, tmp_path: Path, damage: str, *, signed: bool
) -> None:
    """Whether the network has its key, so that it would sign what it finds, or not."""
    query, position, sentence = DAMAGES[damage]
    key = key_of(ground) if signed else ""
    asyncio.run(grown(ground))
    asyncio.run(tampered(ground, query))
    out = tmp_path / "out"
    out.mkdir()
    project = () if signed else ("--project", "S20967")
    refused = tasma(ground, tmp_path, "audit", "export", "-o", str(out / "b.zip"), *project, key=key)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Traceback" not in refused.stderr
    assert sentence in refused.stderr
    assert "`tasma audit verify` says what was changed." in refused.stderr
    assert list(out.iterdir()) == []
    unproven = tasma(ground, tmp_path, "audit", "prove", str(position), key=key)
    assert (unproven.returncode, unproven.stdout) == (1, "")
    assert "Traceback" not in unproven.stderr
    assert f"The event at position {position} cannot be proven: " in unproven.stderr


def test_a_changed_row_that_reads_well_does_not_lead_to_what_was_signed(ground: Ground, tmp_path: Path) -> None:
    asyncio.run(grown(ground))
    nonce = """position('"nonce":"'::bytea in data) + 8"""
    asyncio.run(
        tampered(
            ground,
            f"update {{schema}}.event set data = set_byte(data, {nonce}, 48 + (get_byte(data, {nonce}) + 1) % 2) "  # noqa: S608
            "where position = 550",
        )
    )
    refused = tasma(ground, tmp_path, "audit", "export", "-o", str(tmp_path / "b.zip"))
    assert refused.returncode == 1
    assert "The first 600 events do not lead to the root that the checkpoint of that size has" in refused.stderr
    assert not (tmp_path / "b.zip").exists()


def test_rows_gone_at_the_end_and_positions_that_never_were(ground: Ground, tmp_path: Path) -> None:
    asyncio.run(grown(ground))
    never = tasma(ground, tmp_path, "audit", "prove", "601")
    assert (never.returncode, "event at position 601" in never.stderr) == (1, True)
    asyncio.run(tampered(ground, "delete from {schema}.event where position = 600"))
    gone = tasma(ground, tmp_path, "audit", "prove", "600")
    assert gone.returncode == 1
    assert "The event at position 600 cannot be proven: " in gone.stderr
    assert "The log has no event at position 600." in gone.stderr
    refused = tasma(ground, tmp_path, "audit", "export", "-o", str(tmp_path / "b.zip"))
    assert refused.returncode == 1
    assert "The newest checkpoint covers 600 events, the log ends at 599; nothing was exported." in refused.stderr
    assert not (tmp_path / "b.zip").exists()


def test_a_damaged_page_over_right_rows_is_exported_and_proven(ground: Ground, tmp_path: Path) -> None:
    """The rows are the truth: what is derived from them stops nobody."""
    asyncio.run(grown(ground))
    asyncio.run(tampered(ground, "update {schema}.page set body = set_byte(body, 500, 0) where n = 1"))
    assert tasma(ground, tmp_path, "audit", "export", "-o", str(tmp_path / "b.zip")).returncode == 0
    assert tasma(ground, tmp_path, "audit", "prove", "300").returncode == 0


def test_nothing_is_given_away_of_a_log_that_is_read_only(ground: Ground, tmp_path: Path) -> None:
    """It is a restored backup, or another history than the one that was signed: nobody outside could tell."""
    asyncio.run(grown(ground))
    assert audit_verify(ground, tmp_path).returncode == 0  # keeps the newest checkpoint outside

    async def cut_back() -> None:
        async with ground.open() as sealing:
            sealing.tamper("delete from {schema}.checkpoint")
            for table, column in (("event", "position"), ("tag", "position"), ("command", "last")):
                sealing.tamper(f"delete from {{table}} where {column} > 257", table=table)  # noqa: S608 - of the above
            for table in ("page", "tile"):
                sealing.tamper("delete from {table} where n = 1", table=table)
            await sealer_of(sealing, key_of(ground)).seal()

    asyncio.run(cut_back())
    for command in (("export", "-o", str(tmp_path / "b.zip")), ("prove", "7")):
        refused = tasma(ground, tmp_path, "audit", *command)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "The log ends at position 257, but a checkpoint over 600 events was signed" in refused.stderr
        assert "Until that is settled nothing of this log is exported or proven." in refused.stderr
    assert not (tmp_path / "b.zip").exists()


NOTES = {
    "a broken signature": (
        "update {schema}.checkpoint set note = replace(note, right(note, 12), 'AAAAAAAAAA=' || E'\\n')",
        "The newest checkpoint cannot be relied on (",
    ),
    "a recorded key that is none": (
        "insert into {schema}.signing_key (vkey, first_size) values ('junk junk junk junk', 1)",
        "The newest checkpoint cannot be relied on (This is no public key",
    ),
}


async def without_keys_form(ground: Ground) -> None:
    """Keys are taken as an older version took them."""
    async with ground.open() as sealing:
        sealing.own("alter table {schema}.signing_key drop constraint keys_of_logs")


@pytest.mark.parametrize("damage", NOTES)
def test_what_was_not_signed_so_is_not_exported(ground: Ground, tmp_path: Path, damage: str) -> None:
    query, sentence = NOTES[damage]
    asyncio.run(grown(ground))
    asyncio.run(without_keys_form(ground))
    asyncio.run(tampered(ground, query))
    refused = tasma(ground, tmp_path, "audit", "export", "-o", str(tmp_path / "b.zip"))
    assert (refused.returncode, refused.stdout, "Traceback" in refused.stderr) == (1, "", False)
    assert sentence in refused.stderr
    assert not (tmp_path / "b.zip").exists()


def test_a_witness_who_did_not_sign_this_spoils_the_bundle(ground: Ground, tmp_path: Path) -> None:
    witness = cosigner_of(make_key("ekami.fi/w", bytes(32), COSIGNATURE), datetime(2026, 3, 5, tzinfo=UTC))
    line = Signature(witness.name, witness.key_hash, witness.sign(b"other text\n")).line

    async def cosigned() -> None:
        async with ground.open() as sealing:
            sealing.own(
                f"insert into {{schema}}.witness (vkey, organisation) values ('{witness.vkey}', 'org:ekami')"  # noqa: S608 - of the above
            )
            query = "insert into {schema}.cosignature (size, vkey, line) values (600, %s, %s)"
            assert sealing.tamper(query, witness.vkey, line) == 1

    asyncio.run(grown(ground))
    asyncio.run(cosigned())
    refused = tasma(ground, tmp_path, "audit", "export", "-o", str(tmp_path / "b.zip"))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "The newest checkpoint cannot be relied on (The signature of ekami.fi/w+" in refused.stderr
    assert not (tmp_path / "b.zip").exists()


DOCUMENTS: dict[str, tuple[Change, str]] = {
    "other figures": (at("closing_cents", 1), " does not fit: it has the digest "),
    "a key twice": (front(b'"closing_cents":999999999'), " does not fit: a key stands there twice"),
    "no text": (front(b'"zz":"\xff"'), " cannot be read ("),
    "nested deep": (front(b'"zz":' + b"[" * 200_000 + b"]" * 200_000), " cannot be read ("),
}


async def stated(ground: Ground, change: Change | None) -> None:
    """A network with issued statements, one of which has its document changed, or none of which has one."""
    async with ground.open() as sealing:
        await issued(sealing)
        await sealer_of(sealing, key_of(ground)).seal()
        if change:
            await forge(sealing, change)
        else:
            sealing.tamper("delete from {schema}.document")


@pytest.mark.parametrize("damage", DOCUMENTS)
def test_a_document_that_is_not_the_one_of_its_event_is_not_exported(
    ground: Ground, tmp_path: Path, damage: str
) -> None:
    change, sentence = DOCUMENTS[damage]
    asyncio.run(stated(ground, change))
    refused = tasma(ground, tmp_path, "audit", "export", "-o", str(tmp_path / "b.zip"))
    assert (refused.returncode, refused.stdout, "Traceback" in refused.stderr) == (1, "", False)
    assert "The document " in refused.stderr
    assert f" names,{sentence}" in refused.stderr
    assert not (tmp_path / "b.zip").exists()


def test_a_bundle_without_a_document_that_was_lost_is_written_and_is_no_success(ground: Ground, tmp_path: Path) -> None:
    """Auditors get what is left, and are told by the program inside what is not."""
    asyncio.run(stated(ground, None))
    written = tasma(ground, tmp_path, "audit", "export", "-o", str(tmp_path / "b.zip"))
    assert written.returncode == 1
    assert " missing in the bundle, because what the log names is not kept any more: " in written.stderr
    assert (tmp_path / "b.zip").exists()


def test_nothing_is_given_away_on_top_of_what_a_stranger_has_signed(ground: Ground, tmp_path: Path) -> None:
    asyncio.run(grown(ground))
    ours = key_of(ground, seed=2)
    for command in (("export", "-o", str(tmp_path / "b.zip")), ("prove", "7")):
        refused = tasma(ground, tmp_path, "audit", *command, key=ours)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert (
            "The newest checkpoint, of 600 events, cannot be built on with the keys of this process." in refused.stderr
        )
        assert "Until that is settled nothing of this log is exported or proven." in refused.stderr
    assert not (tmp_path / "b.zip").exists()
