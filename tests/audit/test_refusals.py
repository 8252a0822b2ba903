"""What leaves the house of a damaged log: nothing, and a sentence that names the position."""

import asyncio
from pathlib import Path

import pytest

from tests.audit.test_command import CHANGE, grown, key_of, tampered, tasma
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
