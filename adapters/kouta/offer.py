"""Whose offering a Kouta record is, and which command it asks for, given what the catalogue holds already."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

import msgspec

from adapters.kouta.read_record import KoutaRecord, KoutaRefused
from domain.catalog.events import Description
from domain.kernel import Value

CommandName = Literal["publish-offering", "update-offering", "archive-offering"]


class Standing(Value, frozen=True):
    """How an offering stands in the catalogue."""

    provider: str
    description: Description
    archived_on: date | None
    position: int
    """Of its newest event: what follows from this standing is asked for once."""


class Wanted(Value, frozen=True):
    """A command by its name, and the body it is sent with."""

    command: CommandName
    body: Mapping[str, Any]


def offer(
    record: KoutaRecord, partners: Mapping[str, str], standing: Standing | None = None
) -> Wanted | KoutaRefused | None:
    """What a record asks for; None where the catalogue says the same already.

    `partners` maps OIDs to partners: those of organisations as they are registered, those bound by the caller, and OIDs
    of single records that the caller gives to a partner whatever their provider.
    """
    if record.description is None:
        return _archive(record, standing)
    provider = _provider_of(record, partners)
    if isinstance(provider, KoutaRefused):
        return provider
    if standing is None:
        return Wanted(
            command="publish-offering",
            body={
                "offering": record.offering,
                "provider": provider,
                "description": msgspec.to_builtins(record.description),
            },
        )
    if standing.provider != provider:
        return _refused(
            record,
            f"is given by {provider} at the source but was published here by {standing.provider}; archive it here with the "
            "reason replaced, and publish it under another id.",
        )
    if standing.archived_on is None and standing.description == record.description:
        return None
    return Wanted(
        command="update-offering",
        body={"offering": record.offering, "description": msgspec.to_builtins(record.description)},
    )


def _archive(record: KoutaRecord, standing: Standing | None) -> Wanted | KoutaRefused | None:
    if standing is None:
        return _refused(record, "is archived at the source and was never published here; there is nothing to archive.")
    if standing.archived_on:
        return None
    return Wanted(command="archive-offering", body={"offering": record.offering, "reason": "archived-at-source"})


def _provider_of(record: KoutaRecord, partners: Mapping[str, str]) -> str | KoutaRefused:
    if record.oid in partners:
        return partners[record.oid]
    if not record.providers:
        return _refused(
            record,
            f"has no provider (tarjoajat); name one in Kouta, or bind the record with --provider {record.oid}=org:….",
        )
    known = list(dict.fromkeys(partners[oid] for oid in record.providers if oid in partners))
    if not known:
        return _refused(
            record,
            f"is given by {' and '.join(record.providers[:3])}, and no partner is registered under that oid; register it, or "
            f"bind it with --provider {record.providers[0]}=org:….",
        )
    if len(known) > 1:
        return _refused(
            record,
            f"is given by {' and '.join(known[:5])}, and an offering has one provider; bind the record with "
            f"--provider {record.oid}={known[0]} or another of them.",
        )
    return known[0]


def _refused(record: KoutaRecord, what: str) -> KoutaRefused:
    return KoutaRefused(oid=record.oid, reason=f"{record.oid} {what}")
