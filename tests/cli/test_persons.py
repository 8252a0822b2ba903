"""At the command line nobody shows a token: for what a person answers, they say who they are."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adapters.cli.settle import settle_command
from adapters.postgres.embedded import Server
from tests import command
from tests.domain.story import AGREEMENT, PARTNERS, RULE

Tasma = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tasma(server: Server, network_schema: str) -> Tasma:
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("TASMA_")},
        "TASMA_DATABASE_URL": server.app_dsn,
        "TASMA_ADMIN_DATABASE_URL": server.admin_dsn,
        "TASMA_NETWORK": network_schema,
    }
    return lambda *arguments: command.run(*arguments, env=environment)


def line(do: str, body: dict[str, Any], **more: str) -> str:
    return json.dumps({"do": do, "with": body, **more})


def beginning() -> list[str]:
    """A real network, with an agreement drafted."""
    lines = [line("found-network", {"network": "t", "name": {"fi": "T"}, "first_period": "2026-01"})]
    for each in PARTNERS:
        lines.append(line("register-organisation", {"organisation": each, "name": {"fi": each[4:]}, "kind": "other"}))
        lines.append(line("admit-partner", {"organisation": each, "membership": "open", "admitted_on": "2026-01-02"}))
    draft = {"agreement": AGREEMENT, "title": {"fi": "S"}, "parties": list(PARTNERS), "sharing_rule": RULE}
    return [*lines, line("draft-agreement", draft)]


def test_a_person_is_named_where_one_answers(tasma: Tasma, tmp_path: Path) -> None:
    """In a file by the line, which stays the same line when it is run again; elsewhere by `--as`."""
    file, version = tmp_path / "story.ndjson", {"agreement": AGREEMENT, "version": 1}
    file.write_text("\n".join([*beginning(), line("freeze-agreement", version)]), encoding="utf-8")
    refused = tasma("run", file)
    assert refused.returncode == 1
    assert refused.stderr == (
        f"story.ndjson, line {len(beginning()) + 1}: For freeze-agreement a person answers, and person:command-line names none. Have "
        "a token of your own issued (`tasma token issue … --subject person:…`); at the command line say who you are: `--as "
        'person:…`, or "by" in a line of a file.\n'
    )
    approval = {
        **version,
        "organisation": "org:ekami",
        "body": "Hallitus",
        "section": "§ 1",
        "approved_on": "2026-01-02",
    }
    signed = [
        line("freeze-agreement", version, by="person:p-1", **{"as": "org:ekami"}),
        line("approve-agreement", approval, by="person:p-1", **{"as": "org:ekami"}),
    ]
    file.write_text("\n".join([*beginning(), *signed]), encoding="utf-8")
    assert "who checks may not approve" in tasma("run", file).stderr
    file.write_text("\n".join([*beginning(), signed[0], signed[1].replace("p-1", "p-2")]), encoding="utf-8")
    assert json.loads(tasma("run", file, "--format", "json").stdout)["repeated"] == len(beginning()) + 1
    assert json.loads(tasma("run", file, "--format", "json").stdout)["done"] == 0
    file.write_text(line("freeze-agreement", version, by="Maija"), encoding="utf-8")
    assert "Not a command" in tasma("run", file).stderr

    settle = ("settle", "2026-01", "--agreement", AGREEMENT)
    nobody = tasma(*settle)
    assert nobody.returncode == 1
    assert nobody.stderr.startswith("For settle-period a person answers, and person:command-line names none.")
    somebody = tasma(*settle, "--as", "person:p-1")
    assert somebody.stderr == f"{AGREEMENT} is not in force yet, so nothing is settled under it.\n"
    for wrong in ("Maija", "person:P-1", "mentor:m-03", "token:1"):
        refused = tasma(*settle, "--as", wrong)
        assert refused.returncode == 2
        assert "This is not a person in lower case such as person:p-7" in refused.stderr


def test_help_says_that_a_person_answers(tasma: Tasma) -> None:
    for name, sentence in (
        (("settle",), "a person answers for this"),
        (("run",), '"by": "person:…"'),
        (("token", "issue"), "What a person has to answer for"),
    ):
        assert sentence in " ".join(tasma(*name, "--help").stdout.split())


def test_a_name_at_the_command_line_is_said_to_be_taken_on_trust() -> None:
    """Whoever sits there can give any: where two persons must be two, tokens tell them apart."""
    told = " ".join(CliRunner().invoke(settle_command, ["--help"]).stdout.split())
    assert "names are taken on trust here and in the files of `tasma run`" in told
    assert "Taken on trust at the command line; where two persons must be two, give out tokens." in told
