"""The command line as a person or a script uses it: results on stdout, sentences on stderr, exit codes."""

import asyncio
import json
import os
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.postgres.embedded import Server
from adapters.postgres.lease import lease_at_once
from adapters.settings import Settings
from adapters.wiring import READ_MODELS, NotConstructed, open_network
from tests import command
from tests.domain.story import AGREE, AGREEMENT, PARTNERS, RULE, approval, delivery, signature

CASES = Path(__file__).parents[1] / "domain" / "money" / "cases.json"
Tasma = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tasma(server: Server, network_schema: str) -> Tasma:
    """The installed command, on a network of its own."""
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("TASMA_")},
        "TASMA_DATABASE_URL": server.app_dsn,
        "TASMA_ADMIN_DATABASE_URL": server.admin_dsn,
        "TASMA_NETWORK": network_schema,
    }

    def run(*arguments: object, **changed: str) -> subprocess.CompletedProcess[str]:
        return command.run(*arguments, env={**environment, **changed})

    return run


def line(do: str, body: Mapping[str, Any], at: str, organisation: str | None = None) -> str:
    asked = {"do": do, "at": at, "with": body}
    return json.dumps(asked if organisation is None else {**asked, "as": organisation})


def story() -> list[str]:
    """A network with one shared part and one closed period."""
    at = "2019-01-02T09:00:00+02:00"
    found = {"network": "t", "name": {"fi": "T"}, "first_period": "2019-01", "constructed": True}
    lines = [line("found-network", found, at)]
    for o in PARTNERS:
        lines.append(line("register-organisation", {"organisation": o, "name": {"fi": o[4:]}, "kind": "other"}, at))
        lines.append(line("admit-partner", {"organisation": o, "membership": "open", "admitted_on": "2019-01-02"}, at))
    agreement = {"agreement": AGREEMENT, "title": {"fi": "S"}, "parties": list(PARTNERS), "sharing_rule": RULE}
    at = "2019-01-10T09:00:00+02:00"
    lines.append(line("draft-agreement", agreement, at))
    lines.append(line("freeze-agreement", {"agreement": AGREEMENT, "version": 1}, at))
    lines += [line("approve-agreement", approval(o), at, o) for o in PARTNERS]
    lines += [line("sign-agreement", signature(o), at, o) for o in PARTNERS]
    offering = {
        "offering": "offering:o",
        "provider": "org:ekami",
        "description": {"kind": "course", "name": {"fi": "K"}},
    }
    lines.append(line("publish-offering", offering, at, "org:ekami"))
    draft = {"pathway": "pathway:p-1", "client": "client:c-1", "organisation": "org:xamk", "roles": AGREE["roles"]}
    lines.append(line("draft-pathway", draft, at, "org:xamk"))
    step = {"pathway": "pathway:p-1", "step": 1}
    lines.append(line("propose-step", {**step, "offering": "offering:o", "parts": [{"part": 1, "cents": 40000}]}, at))
    lines.append(line("confirm-step", {**step, "agreement": AGREEMENT}, at, "org:ekami"))
    lines.append(line("agree-pathway", AGREE, at))
    lines.append(line("deliver-step", delivery(on="2019-01-15"), "2019-01-20T09:00:00+02:00"))
    lines.append(line("close-period", {"period": "2019-01"}, "2019-02-05T09:00:00+02:00"))
    return lines


def test_a_file_of_commands_is_carried_out_once(tasma: Tasma, tmp_path: Path) -> None:
    file = tmp_path / "story.ndjson"
    file.write_text("\n".join(story()), encoding="utf-8")
    first = json.loads(tasma("run", file, "--format", "json").stdout)
    again = json.loads(tasma("run", file, "--format", "json").stdout)
    assert first["repeated"] == 0
    assert again == {"done": 0, "repeated": first["done"], "head": first["head"]}


def test_a_statement_leads_to_its_events(tasma: Tasma, tmp_path: Path) -> None:
    file = tmp_path / "story.ndjson"
    file.write_text("\n".join(story()), encoding="utf-8")
    assert tasma("run", file).returncode == 0
    ask = ("statement", "--partner", "org:ekami", "--period", "2019-01")
    statement = json.loads(tasma(*ask, "--format", "json").stdout)
    assert statement["opening_cents"] + sum(each["cents"] for each in statement["lines"]) == statement["closing_cents"]
    assert [each["cents"] for each in statement["lines"]] == [12500, 6300]
    assert statement["state"] == "issued"
    assert len(statement["digest"]) == 64
    explained = json.loads(tasma(*ask, "--line", "1", "--format", "json").stdout)
    assert [int(e["sequence"]) for e in explained["events"]] == statement["lines"][0]["events"]
    assert explained["constructed"] is True
    assert [e["type"] for e in explained["events"]] == [
        "tasma.revenue.shared.v2",
        "tasma.pathway.step_delivered.v1",
        "tasma.pathway.agreed.v1",
        "tasma.agreement.entered_into_force.v2",
    ]
    text = tasma(*ask).stdout
    assert "CONSTRUCTED" in text
    assert "€125.00" in text
    before = json.loads(tasma(*ask, "--as-of", "2019-01-15", "--format", "json").stdout)
    assert (before["state"], before["lines"]) == ("open", [])
    csv = tasma(*ask, "--format", "csv").stdout
    assert csv.count("\n") == 3
    assert tasma(*ask, "--line", "9").stderr == "There is no line 9; the statement has 2 lines.\n"
    missing = tasma("statement", "--partner", "org:lut", "--period", "2019-01")
    assert (missing.returncode, missing.stderr) == (1, "There is no statement of org:lut for 2019-01 here.\n")
    future = tasma(*ask, "--as-of", "2031-01-01")
    assert future.returncode == 1
    assert future.stderr.startswith("2031-01-01 is not settled yet, its answer could still change")


def test_a_refused_line_stops_the_file_and_leaves_nothing(tasma: Tasma, tmp_path: Path) -> None:
    file = tmp_path / "bad.ndjson"
    bad = line("close-period", {"period": "2019-02"}, "2019-03-05T09:00:00+02:00")
    file.write_text("\n".join([*story()[:3], bad, *story()[3:]]), encoding="utf-8")
    refused = tasma("run", file)
    assert refused.returncode == 1
    assert refused.stderr.strip() == "bad.ndjson, line 4: Periods close in order: 2019-01 comes before 2019-02."
    assert json.loads(tasma("status", "--format", "json").stdout)["head"] == 3
    file.write_text('{"do": "found-network"', encoding="utf-8")
    malformed = tasma("run", file)
    assert malformed.returncode == 1
    assert malformed.stderr.startswith(
        "bad.ndjson, line 1: Not a command: The body is not JSON: Input data was truncated."
    )


def test_close_period_status_and_rebuild(tasma: Tasma, tmp_path: Path) -> None:
    file = tmp_path / "story.ndjson"
    file.write_text("\n".join(story()[:-1]), encoding="utf-8")
    assert tasma("run", file).returncode == 0
    early = tasma("close-period", "2019-01")
    assert (early.returncode, early.stderr) == (
        1,
        "2019-01 has not ended: it can be closed from 2019-01-31T22:00:00Z on.\n",
    )
    status = json.loads(tasma("status", "--format", "json").stdout)
    assert {p["lag_events"] for p in status["projections"]} == {0}
    rebuilt = tasma("rebuild", "statements", "--format", "json")
    assert json.loads(rebuilt.stdout)["differences"] == []
    assert tasma("rebuild", "nothing").stderr == "There is no projection nothing here.\n"


def test_tokens_are_issued_listed_and_revoked(tasma: Tasma, tmp_path: Path) -> None:
    file = tmp_path / "story.ndjson"
    file.write_text("\n".join(story()[:7]), encoding="utf-8")
    assert tasma("run", file).returncode == 0
    issued = json.loads(
        tasma(
            "token",
            "issue",
            "--role",
            "partner",
            "--organisation",
            "org:ekami",
            "--scope",
            "content",
            "--format",
            "json",
        ).stdout
    )
    assert set(issued) == {"id", "token", "role", "organisation", "scopes", "expires"}
    stranger = tasma("token", "issue", "--role", "partner", "--organisation", "org:lut")
    assert (stranger.returncode, stranger.stderr) == (1, "org:lut is no partner of this network.\n")
    (listed,) = json.loads(tasma("token", "list", "--format", "json").stdout)
    assert listed["id"] == issued["id"]
    assert "secret_hash" not in listed
    assert tasma("token", "revoke", issued["id"]).returncode == 0
    refused = tasma(
        "token", "issue", "--role", "partner", "--organisation", "org:ekami", "--scope", "finance-check,finance-approve"
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("One token cannot hold both finance-check and finance-approve")


def test_wrong_usage_and_wrong_settings_say_what_is_allowed(tasma: Tasma) -> None:
    assert tasma("statement").returncode == 2
    assert tasma("no-such-command").returncode == 2
    wrong = tasma("status", TASMA_NETWORK="Not A Schema")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("TASMA_NETWORK is 'Not A Schema'; allowed are")
    secret = tasma("status", TASMA_DATABASE_URL="mysql://user:secret@host/db")
    assert secret.returncode == 1
    assert "secret" not in secret.stderr


@pytest.mark.parametrize("case", json.loads(CASES.read_text(encoding="utf-8")), ids=lambda case: case["id"])
def test_allocate_prints_the_worked_cases(case: dict[str, Any], tmp_path: Path) -> None:
    rule = tmp_path / "rule.json"
    rule.write_text(json.dumps(case["rule"]), encoding="utf-8")
    quantities = [f"--quantity={unit}={value}" for unit, value in case.get("quantity", {}).items()]
    done = command.run("allocate", "--rule", rule, f"--amount={case['amount_cents']}", *quantities, env=os.environ)
    result = json.loads(done.stdout)
    assert [{"to": s["to"], "cents": s["cents"]} for s in result["shares"]] == case["expect"]
    assert result["kept_cents"] == case["expect_kept_cents"]


def test_allocate_refuses_a_leaking_rule_with_its_path(tmp_path: Path) -> None:
    rule = tmp_path / "rule.json"
    rule.write_text('{"steps": [{"take": {"percent": "50"}, "to": "org:a"}]}', encoding="utf-8")
    done = command.run("allocate", "--rule", rule, "--amount", "100", env=os.environ)
    assert done.returncode == 1
    assert done.stderr.startswith("steps[0]")


def test_the_demo_touches_no_other_network_and_a_server_no_other_s_address(tasma: Tasma) -> None:
    demo = tasma("demo")
    assert demo.returncode == 1
    assert "the demo drops and builds only networks whose names end in _demo" in demo.stderr
    tokens = tasma("serve", "--demo")
    assert tokens.returncode == 1
    assert "`--demo` prints tokens that open everything" in tokens.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        second = tasma("serve", "--port", port)
    assert second.returncode == 1
    assert second.stderr.startswith(f"127.0.0.1:{port} cannot be served: Address already in use.")


def test_more_workers_than_the_database_has_connections_for_are_not_started(tasma: Tasma) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    refused = tasma("serve", "--port", port, "--workers", 6)
    assert refused.returncode == 1
    assert refused.stderr == (
        "6 workers hold up to 90 connections to the database, 15 each; its server allows 100, of which it reserves 3, and 16 "
        "are left to commands: 5 fit. Give `--workers 5`, or raise max_connections.\n"
    )


def test_a_network_that_is_followed_is_not_dropped(server: Server, network_schema: str) -> None:
    """Whoever serves it holds the lease of its read models."""

    async def play() -> None:
        settings = Settings(network=network_schema, database_url=server.app_dsn, admin_database_url=server.admin_dsn)
        async with open_network(settings):
            pass
        async with lease_at_once(server.app_dsn, READ_MODELS, network_schema):
            with pytest.raises(NotConstructed, match="is being served or followed just now; stop that first"):
                async with open_network(settings, anew=True):
                    pass
        async with open_network(settings, anew=True) as network:
            assert (await network.log.head()).position == 0

    asyncio.run(play())
