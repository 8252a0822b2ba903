"""`tasma net`: a list of debts in, few payments with their reasons out, and no database anywhere."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapters.cli.json_file import FileRefused
from adapters.cli.net import net_command
from application.door import BODY_BYTES_MAX

TASMA = Path(sys.executable).with_name("tasma")
CHAIN = '[{"from": "org:a", "to": "org:b", "cents": 10000}, {"from": "org:b", "to": "org:c", "cents": 10000}]'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "obligations.json"
    made.write_text(CHAIN, encoding="utf-8")
    return made


def tasma_net(file: Path) -> subprocess.CompletedProcess[str]:
    """The installed command, where there is no database."""
    return subprocess.run(  # noqa: S603 - our own command
        [str(TASMA), "net", "--obligations", str(file)],
        env={"TASMA_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_chain_of_debts_is_one_payment(file: Path) -> None:
    """JSON as scripts read it, whether they ask for it or not."""
    done = tasma_net(file)
    assert done.stdout == CliRunner().invoke(net_command, ["--obligations", str(file), "--format", "json"]).stdout
    result = json.loads(done.stdout)
    assert result["positions"] == [
        {"organisation": "org:a", "cents": -10_000},
        {"organisation": "org:b", "cents": 0},
        {"organisation": "org:c", "cents": 10_000},
    ]
    (payment,) = result["payments"]
    assert (payment["from"], payment["to"], payment["cents"]) == ("org:a", "org:c", 10_000)
    assert payment["because"] == [
        {"organisation": "org:a", "counterparty": "org:b", "cents": -10_000},
        {"organisation": "org:c", "counterparty": "org:b", "cents": 10_000},
    ]


def test_for_people_in_words(file: Path) -> None:
    """Who is even is named too, and so are two that owe each other the same."""
    assert CliRunner().invoke(net_command, ["--obligations", str(file), "--format", "text"]).stdout == (
        "Positions:\n  org:a  -€100.00\n  org:b  €0.00\n  org:c  €100.00\n"
        "Payments:\n  org:a pays org:c €100.00, because\n    org:a owes org:b €100.00\n"
        "    org:c is owed €100.00 by org:b\n"
    )
    file.write_text("[]", encoding="utf-8")
    assert CliRunner().invoke(net_command, ["--obligations", str(file), "--format", "text"]).stdout == (
        "Positions:\n  none\nPayments:\n  none, everybody is even\n"
    )


def test_what_is_not_a_list_of_debts_is_refused_in_a_sentence(file: Path) -> None:
    """Exit code 1; a wrong way of asking is 2."""
    file.write_text('[{"from": "org:a", "to": "org:b", "cents": 1.0}]', encoding="utf-8")
    refused = tasma_net(file)
    assert (refused.returncode, refused.stdout, refused.stderr) == (
        1,
        "",
        "[0].cents is the float 1.0, but must be whole cents from 1 to 9007199254740991.\n",
    )
    file.write_text('[{"from": "org:a", "to": "org:b", "cents": 1, "cents": 2}]', encoding="utf-8")
    twice = CliRunner().invoke(net_command, ["--obligations", str(file)])
    assert isinstance(twice.exception, FileRefused)
    assert str(twice.exception) == f"{file}: The body is not JSON: the key 'cents' stands twice in one object."
    for wrong in ([], ["--obligations", str(file), "--format", "yaml"], ["--obligations", f"{file}.not"]):
        assert CliRunner().invoke(net_command, wrong).exit_code == 2


def test_a_list_may_be_longer_than_a_command(file: Path) -> None:
    """A year of a large network is one file."""
    cents = range(1, 6_001)
    owed = [{"from": f"org:p{n % 97}", "to": f"org:q{n % 89}", "cents": n} for n in cents]
    file.write_text(json.dumps(owed), encoding="utf-8")
    assert file.stat().st_size > BODY_BYTES_MAX
    result = json.loads(CliRunner().invoke(net_command, ["--obligations", str(file)]).stdout)
    assert sum(each["cents"] for each in result["payments"]) == sum(cents)
    assert len(result["payments"]) < 97 + 89
