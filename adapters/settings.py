"""The configuration, read once from the environment; a wrong value is refused with its name and what is allowed."""

import re
from collections.abc import Mapping
from ipaddress import IPv6Address
from pathlib import Path
from typing import Literal, cast

from msgspec import Struct

NETWORK_DEFAULT = "kymenlaakso_demo"
"""The network that `tasma demo` builds. A real one is named by TASMA_NETWORK."""

PORT_MAX = 65_535
RESERVED = frozenset({"public", "information_schema"})
LogFormat = Literal["console", "json"]


class WrongSetting(Exception):
    """A variable of the environment that cannot be used."""


class Secret(str):
    """A setting that is used and never shown, not even where settings are."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(not shown)"


class Settings(Struct, frozen=True, kw_only=True):
    network: str = NETWORK_DEFAULT
    """The schema, and the name in the events' source."""
    database_url: str | None = None
    """None: the embedded PostgreSQL."""
    admin_database_url: str | None = None
    """The role that migrates; None with a database_url: migrations are somebody else's."""
    data_dir: Path | None = None
    checkpoint_file: Path | None = None
    """Where the newest checkpoint is kept outside the database; None: in the data folder, under the network's name."""
    master_key: Secret | None = None
    """The keys that lock the vault's keys, the current one first; None with the embedded PostgreSQL: one in its folder."""
    signing_key: Secret | None = None
    """The private keys that sign checkpoints, the current one first; None with the embedded PostgreSQL: one in its folder,
    with a database_url: no checkpoint is signed."""
    nats_url: Secret | None = None
    """Servers of NATS, with commas between them: where `tasma relay` brings the feed."""
    webhook_private: bool = False
    """Whether webhooks may go to http and to addresses that only this server reaches."""
    log_format: LogFormat = "console"

    @property
    def source(self) -> str:
        return f"/networks/{self.network}"

    @property
    def origin(self) -> str:
        """What the network's checkpoints are called, and the key that is made for them."""
        return f"tasma/networks/{self.network}"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings of the variables `TASMA_…`. Raises WrongSetting."""
    network = environment.get("TASMA_NETWORK", NETWORK_DEFAULT)
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", network) or network in RESERVED or network.startswith("pg_"):
        raise WrongSetting(
            f"TASMA_NETWORK is {network!r}; allowed are a lower-case letter and up to 40 lower-case letters, digits and underscores, "
            "but not what PostgreSQL keeps for itself."
        )
    log_format = environment.get("TASMA_LOG", "console")
    if log_format not in ("console", "json"):
        raise WrongSetting(f"TASMA_LOG is {log_format!r}; allowed are console and json.")
    urls = {name: environment.get(name) or None for name in ("TASMA_DATABASE_URL", "TASMA_ADMIN_DATABASE_URL")}
    for name, url in urls.items():
        if url is not None and not re.match(r"postgres(ql)?://|[a-z_]+=", url):
            raise WrongSetting(
                f"{name} (not shown, it may hold a password) must begin with postgresql:// or be key=value pairs."
            )
    if urls["TASMA_ADMIN_DATABASE_URL"] and not urls["TASMA_DATABASE_URL"]:
        raise WrongSetting(
            "TASMA_ADMIN_DATABASE_URL is set without TASMA_DATABASE_URL; set both, or neither for the embedded one."
        )
    master_key = environment.get("TASMA_MASTER_KEY", "").strip()
    return Settings(
        network=network,
        database_url=urls["TASMA_DATABASE_URL"],
        admin_database_url=urls["TASMA_ADMIN_DATABASE_URL"],
        data_dir=_path("TASMA_DATA_DIR", environment),
        checkpoint_file=_path("TASMA_CHECKPOINT_FILE", environment),
        master_key=Secret(master_key) if master_key else None,
        signing_key=_signing_key(environment),
        webhook_private=_webhook_private(environment),
        nats_url=nats_url_of("TASMA_NATS_URL", environment.get("TASMA_NATS_URL", "")),
        log_format=cast("LogFormat", log_format),
    )


def nats_url_of(name: str, text: str) -> Secret | None:
    """Addresses of NATS, as a variable or an option gives them. Raises WrongSetting."""
    if text and not all(_is_nats_address(url) for url in text.split(",")):
        raise WrongSetting(
            f"{name} (not shown, it may hold a password) must be one or several addresses such as nats://user:password@host:4222 or "
            "tls://token@[2001:db8::1], with commas between them: a port from 1 to 65535, and in user, password and token nothing but "
            "letters, digits and -._~!$&'()*+;= (nothing is percent-decoded)."
        )
    return Secret(text) if text else None


def _is_nats_address(text: str) -> bool:
    """Whether it is one that the client of NATS takes apart in the same way: it reads more than it should."""
    word, label = r"[A-Za-z0-9._~!$&'()*+;=-]+", r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
    found = re.fullmatch(
        rf"(nats|tls)://({word}(:{word})?@)?((?P<name>{label}(\.{label})*)|\[(?P<ip>[0-9a-fA-F:.]+)\])(:(?P<port>[0-9]{{1,5}}))?/?",
        text,
    )
    if found is None or found["name"] == "none" or not 1 <= int(found["port"] or 1) <= PORT_MAX:
        return False
    try:
        return found["ip"] is None or bool(IPv6Address(found["ip"]))
    except ValueError:
        return False


def _signing_key(environment: Mapping[str, str]) -> Secret | None:
    texts = environment.get("TASMA_SIGNING_KEY", "").split()
    if not all(text.startswith("PRIVATE+KEY+") for text in texts):
        raise WrongSetting(
            "TASMA_SIGNING_KEY (not shown) must be one or several private keys in the form "
            "PRIVATE+KEY+NAME+HASH+KEY, with white space between them."
        )
    return Secret(" ".join(texts)) if texts else None


def _webhook_private(environment: Mapping[str, str]) -> bool:
    private = environment.get("TASMA_WEBHOOK_PRIVATE", "")
    if private not in ("", "allow"):
        raise WrongSetting(
            f"TASMA_WEBHOOK_PRIVATE is {private!r}; allowed is allow, where webhooks may go to http and to private "
            "addresses, or nothing."
        )
    return private == "allow"


def _path(name: str, environment: Mapping[str, str]) -> Path | None:
    path = environment.get(name) or None
    if path is not None and not Path(path).is_absolute():
        raise WrongSetting(f"{name} is {path!r}; an absolute path is needed.")
    return Path(path) if path else None
