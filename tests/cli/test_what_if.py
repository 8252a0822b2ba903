"""`tasma what-if` before anything is asked of history: which of the files it was given cannot be read."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from adapters.cli.json_file import FileRefused
from adapters.cli.what_if import what_if_command
from application.door import BODY_BYTES_MAX


@pytest.mark.parametrize("broken", ["--rule", "--cost-key"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, broken: str) -> None:
    """Of a rule and a cost key either may be the one that is to be mended."""
    files = {"--rule": tmp_path / "rule.json", "--cost-key": tmp_path / "key.json"}
    given = ["--agreement", "agreement:a", *(str(each) for pair in files.items() for each in pair)]
    for content, why in (
        ("{'steps': []}", "The body is not JSON: object keys must be strings (byte 1)."),
        (" " * (BODY_BYTES_MAX + 1), f"The body has {BODY_BYTES_MAX + 1:,} bytes; the limit is {BODY_BYTES_MAX:,}."),
    ):
        for option, file in files.items():
            file.write_text(content if option == broken else "{}", encoding="utf-8")
        refused = CliRunner().invoke(what_if_command, given)
        assert isinstance(refused.exception, FileRefused)
        assert str(refused.exception) == f"{files[broken]}: {why}"
