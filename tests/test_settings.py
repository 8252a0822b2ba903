"""The environment is read once, and a wrong value is refused with its name and what is allowed."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from adapters.settings import NETWORK_DEFAULT, Secret, Settings, WrongSetting, read_settings


def test_nothing_set_is_the_demo_on_the_embedded_postgresql() -> None:
    settings = read_settings({})
    assert settings == Settings(network=NETWORK_DEFAULT, database_url=None, data_dir=None, log_format="console")
    assert settings.source == "/networks/kymenlaakso_demo"


def test_everything_set_is_taken_and_what_is_empty_counts_as_not_set() -> None:
    settings = read_settings(
        {
            "TASMA_NETWORK": "kymenlaakso",
            "TASMA_DATABASE_URL": "postgresql://tasma@db/tasma",
            "TASMA_ADMIN_DATABASE_URL": "host=db user=admin",
            "TASMA_DATA_DIR": "/srv/tasma",
            "TASMA_CHECKPOINT_FILE": "/mnt/elsewhere/kymenlaakso.checkpoint",
            "TASMA_MASTER_KEY": " first second\n",
            "TASMA_WEBHOOK_PRIVATE": "allow",
            "TASMA_LOG": "json",
            "OTHER": "ignored",
        }
    )
    assert settings == Settings(
        network="kymenlaakso",
        database_url="postgresql://tasma@db/tasma",
        admin_database_url="host=db user=admin",
        data_dir=Path("/srv/tasma"),
        checkpoint_file=Path("/mnt/elsewhere/kymenlaakso.checkpoint"),
        master_key=Secret("first second"),
        webhook_private=True,
        log_format="json",
    )
    empty = dict.fromkeys(
        ("TASMA_DATABASE_URL", "TASMA_ADMIN_DATABASE_URL", "TASMA_DATA_DIR", "TASMA_WEBHOOK_PRIVATE"), ""
    )
    assert read_settings(empty) == read_settings({})


NETWORK_ALLOWED = (
    "allowed are a lower-case letter and up to 40 lower-case letters, digits and underscores, "
    "but not what PostgreSQL keeps for itself."
)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"TASMA_NETWORK": "Kymi"}, f"TASMA_NETWORK is 'Kymi'; {NETWORK_ALLOWED}"),
        ({"TASMA_NETWORK": ""}, f"TASMA_NETWORK is ''; {NETWORK_ALLOWED}"),
        ({"TASMA_NETWORK": "a" * 42}, f"TASMA_NETWORK is '{'a' * 42}'; {NETWORK_ALLOWED}"),
        ({"TASMA_NETWORK": "kymi\n"}, f"TASMA_NETWORK is 'kymi\\n'; {NETWORK_ALLOWED}"),
        ({"TASMA_NETWORK": "public"}, f"TASMA_NETWORK is 'public'; {NETWORK_ALLOWED}"),
        ({"TASMA_NETWORK": "pg_catalog"}, f"TASMA_NETWORK is 'pg_catalog'; {NETWORK_ALLOWED}"),
        ({"TASMA_LOG": "xml"}, "TASMA_LOG is 'xml'; allowed are console and json."),
        (
            {"TASMA_WEBHOOK_PRIVATE": "true"},
            "TASMA_WEBHOOK_PRIVATE is 'true'; allowed is allow, where webhooks may go to http and to private addresses, or nothing.",
        ),
        (
            {"TASMA_DATA_DIR": "data"},
            "TASMA_DATA_DIR is 'data'; an absolute path is needed.",
        ),
        (
            {"TASMA_CHECKPOINT_FILE": "file"},
            "TASMA_CHECKPOINT_FILE is 'file'; an absolute path is needed.",
        ),
        (
            {"TASMA_DATABASE_URL": "mysql://root:secret@db"},
            "TASMA_DATABASE_URL (not shown, it may hold a password) must begin with postgresql:// or be key=value pairs.",
        ),
        (
            {"TASMA_ADMIN_DATABASE_URL": "postgresql://admin@db/tasma"},
            "TASMA_ADMIN_DATABASE_URL is set without TASMA_DATABASE_URL; set both, or neither for the embedded one.",
        ),
    ],
)
def test_a_wrong_value_is_refused(environment: Mapping[str, str], sentence: str) -> None:
    with pytest.raises(WrongSetting) as refused:
        read_settings(environment)
    assert str(refused.value) == sentence
    assert "secret" not in str(refused.value)


def test_a_secret_is_not_shown_where_settings_are() -> None:
    settings = read_settings({"TASMA_MASTER_KEY": "a-key-that-opens-the-vault"})
    assert settings.master_key == "a-key-that-opens-the-vault"
    assert "opens" not in repr(settings)
    assert "opens" not in repr(settings.master_key)
