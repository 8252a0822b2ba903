"""A witness that an older version registered under a very long name holds up nobody, and counts as it did."""

import asyncio

from adapters.auditing.verify import verify
from adapters.postgres.audit_reading import audit_reading
from adapters.signing import NAME_MAX, cosigner_of, make_key, recorded_witness_of
from application.notes import COSIGNATURE, Signature, decoded, encoded, key_hash_of, with_signatures
from application.ports import Witness
from tests.log.decisions import NINE
from tests.sealing.conftest import ORIGIN, SIGNER, Ground

LONG = "n" * (NAME_MAX + 45)
SHORT = cosigner_of(make_key("ekami.example/witness", b"w" * 32, COSIGNATURE), NINE)
PUBLIC = decoded(SHORT.vkey.rpartition("+")[2]) or b""
HASH = key_hash_of(LONG, COSIGNATURE, PUBLIC[1:])
VKEY = f"{LONG}+{HASH.hex()}+{encoded(PUBLIC)}"


def test_a_long_name_of_an_older_version_blocks_no_cosignature_and_is_verified(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(300)
            await sealing.sealer().seal()
            await sealing.tree.add_witness(Witness(SHORT.vkey, "org:ekami"))
            await sealing.rows(
                "insert into {schema}.witness (vkey, organisation) values (%s, 'org:xamk') returning 1", VKEY
            )
            note = await sealing.tree.checkpoint() or ""
            signature = SHORT.sign(note.partition("\n\n")[0].encode() + b"\n")
            for name, key_hash in ((SHORT.name, SHORT.key_hash), (LONG, HASH)):
                line = Signature(name, key_hash, signature)
                assert await sealing.tree.add_cosignature(with_signatures(note, [line])) == 1
            async with audit_reading(ground.server.app_dsn, ground.schema) as reading:
                found, _ = await verify(reading, keys=(SIGNER.vkey,), origin=ORIGIN)
            assert (found.faults, sum(found.cosignatures.values())) == ((), 2)
            assert recorded_witness_of(VKEY).name == LONG

    asyncio.run(promise())
