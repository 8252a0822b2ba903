"""Where witnesses hand in that they have seen a checkpoint and that it goes on from what they saw before."""

from datetime import timedelta

import msgspec
from litestar import Response
from msgspec import Struct

from adapters.http.asking import asker_of, body_of
from adapters.http.network import Asked, Network, network_of
from adapters.http.problems import NotSentAsText
from adapters.http.readers import Readers
from adapters.http.route import Route
from adapters.signing import recorded_witness_of
from application.cosignatures import cosigned, seconds_of, time_and_signature
from application.desk import Asker
from application.notes import NoteFault, Opened, parse_checkpoint
from application.ports import Witness

TEXT = "text/plain"
TOLERANCE = timedelta(minutes=5)
"""By which the clocks of two organisations may differ."""
EXAMPLE = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""
"""The note that the specification of cosignatures shows."""


class WrongTime(NoteFault):
    def __init__(self, witness: str) -> None:
        super().__init__(
            f"{witness} says that it signed this before the log had signed it, or in the future: set the witness's clock, and sign "
            "again."
        )


class Kept(Struct, frozen=True):
    """What became of a note that was handed in."""

    size: int
    """Events that the checkpoint covers."""
    kept: int
    """Cosignatures in it that were new."""


async def respond(request: Asked) -> Response[bytes]:
    """201 where something was kept, 200 where all of it was known."""
    network = network_of(request)
    asker = await asker_of(request, network)
    witnesses = [recorded_witness_of(w.vkey) for w in await network.tree.witnesses() if _speaks_for(asker, w)]
    _check_content_type(request)
    try:
        note = (await body_of(request)).decode()
    except UnicodeDecodeError:
        raise NoteFault("A note is text in UTF-8; this is not.") from None
    found = cosigned(note, witnesses)
    await _check_times(network, found)
    # Only what this asker may hand in goes further: a note may carry the lines of others too.
    own = f"{found.text}\n{''.join(signature.line for signature in found.verified)}"
    kept = await network.tree.add_cosignature(own)
    return Response(
        content=msgspec.json.encode(Kept(parse_checkpoint(found.text).size, kept)),
        media_type="application/json",
        status_code=201 if kept else 200,
        headers={"Cache-Control": "no-store"},
    )


def _speaks_for(asker: Asker, witness: Witness) -> bool:
    return asker.role == "coordinator" or asker.organisation == witness.organisation


async def _check_times(network: Network, found: Opened) -> None:
    """A witness has seen what was signed, and not later than now: a wrong time would stand for ever. Raises WrongTime."""
    until = network.clock()
    signed_at = await network.tree.signed_at(parse_checkpoint(found.text).size)
    # Where the database's clock was ahead, nobody could sign in time.
    since = min(signed_at, until) if signed_at else None
    for signature in found.verified:
        seconds, _ = time_and_signature(signature.signature)
        if (since and seconds < seconds_of(since - TOLERANCE)) or seconds > seconds_of(until + TOLERANCE):
            raise WrongTime(signature.name)


def _check_content_type(request: Asked) -> None:
    sent_as = ", ".join(request.headers.getall("content-type", []))
    media_type, *parameters = (part.strip().lower() for part in sent_as.split(";"))
    if media_type not in ("", TEXT) or not set(parameters) <= {"", "charset=utf-8", 'charset="utf-8"'}:
        raise NotSentAsText(sent_as)


cosignatures = Route(
    name="cosignatures",
    path="/v1/feed/cosignatures",
    says="Hand in a checkpoint with the cosignature of a registered witness (C2SP tlog-cosignature); it is shown with the "
    "checkpoint from then on.",
    readers=Readers(
        "partner, for the witnesses of their own organisation; coordinator, for all",
        lambda asker: asker.role in ("coordinator", "partner"),
    ),
    method="post",
    statuses={"201": "New cosignatures are kept.", "200": "All of them were known."},
    gives={"application/json": Kept},
    takes={TEXT: EXAMPLE},
    respond=respond,
    problems=frozenset({"400", "401", "403", "404", "408", "413", "415", "422"}),
)
