"""What the application may insert and never take back has the form that its readers need."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from adapters.signing import cosigner_of, make_key
from application.notes import COSIGNATURE, Signature
from tests.log.decisions import NINE
from tests.sealing.conftest import ORIGIN, SIGNER, Ground

WITNESS = cosigner_of(make_key("ekami.fi/witness", b"w" * 32, COSIGNATURE), NINE + timedelta(days=1))
LINE = Signature(WITNESS.name, WITNESS.key_hash, WITNESS.sign(b"text\n")).line
KEY = "insert into {schema}.signing_key (vkey, first_size) values (%s, 1) returning 1"
PARTNER = "insert into {schema}.witness (vkey, organisation) values (%s, %s) returning 1"
COSIGN = "insert into {schema}.cosignature (size, vkey, line) values (5, %s, %s) returning 1"
WRONG: dict[str, tuple[str, tuple[str, ...]]] = {
    "no key": (KEY, ("ghost+00000000+x",)),
    "a key with another hash": (KEY, (f"{ORIGIN}+00000000+{SIGNER.vkey[-44:]}",)),
    "a key with a line break": (KEY, (SIGNER.vkey + "\n",)),
    "a witness's key for a log's": (KEY, (WITNESS.vkey,)),
    "a log's key for a witness's": (PARTNER, (SIGNER.vkey, "org:ekami")),
    "no organisation": (PARTNER, (WITNESS.vkey, "ekami")),
    "an organisation with a line break": (PARTNER, (WITNESS.vkey, "org:ekami\nlog KEY")),
    "no line": (COSIGN, (WITNESS.vkey, "junk")),
    "two lines": (COSIGN, (WITNESS.vkey, LINE + LINE)),
    "another's line": (COSIGN, (WITNESS.vkey, LINE.replace("ekami.fi", "xamk.fi"))),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_has_another_form_is_refused(ground: Ground, wrong: str) -> None:
    query, values = WRONG[wrong]

    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(5)
            await sealing.sealer().seal()
            if query == COSIGN:
                await sealing.rows(PARTNER, WITNESS.vkey, "org:ekami")
            with pytest.raises(psycopg.errors.CheckViolation):
                await sealing.rows(query, *values)
            if query == COSIGN:
                assert await sealing.rows(COSIGN, WITNESS.vkey, LINE) == [(1,)]

    asyncio.run(promise())


def test_no_version_is_recorded_that_no_program_has(ground: Ground) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        asyncio.run(_recorded(ground))


async def _recorded(ground: Ground) -> None:
    async with ground.open() as sealing:
        sealing.own("insert into {schema}.catalogue (version) values (2147483647)")


def test_a_checkpoint_says_when_it_was_signed(ground: Ground) -> None:
    """A cosignature is not from before that: the last event may be much older, in a constructed network by years."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(5)
            await sealing.sealer().seal()
            ((at,),) = await sealing.rows("select signed_at from {schema}.checkpoint")
            assert await sealing.tree.signed_at(5) == at
            assert await sealing.tree.signed_at(4) is None

    asyncio.run(promise())
