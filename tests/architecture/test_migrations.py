"""A migration that some network has carried out is never edited: its databases would differ from new ones, and nobody would know."""

import hashlib
from typing import Final

from adapters.postgres.migrate import FOLDER, migrations

CARRIED_OUT: Final = {
    "0001_log": "f9938c8d684f3707d75232a96f0515c26d66f326984418428ef4058b69efab81",
    "0002_network": "9388722ad99a09209e928d3e16e92beccfcb126d959487bef2ce3e7bffef096b",
    "0003_tokens": "50cc481dd4da44941c3be1b56a4972b3fe913e403584473ee5f6c2545c632217",
    "0004_group_commit": "595cf6ca097b3da46e0c21bdc092eb0052bf4f8523255f5044b984ed6494db4c",
    "0005_pages": "216f6f6649a342177a7f19814fb7a9d08ecff4729750dd670762c8edcdf9fab6",
    "0006_vault": "911707c115ae5f787cca6819a0ce355250aaa120eba5432a632eea27da6ee76b",
    "0007_known": "7fd8b23bd70174e053c8746bf68c64176d51f1b3e3e7b8cd89d1b1f63db30de2",
    "0008_subscriptions": "1ada1937227dc3f54ca41ea44e143426ee4ab3f935d5717b753a858d8c074241",
    "0009_append_again": "96f19b354183b230d967458b13bb02b0d2f2b2e7959d90a5e0357f618f8d9348",
    "0010_policies": "459afb68a0dcbc7ad3c74f5b2dad5e42ac7009a1f23886dbcd0bd9af88837bac",
    "0011_packed_documents": "6c506c3c2118f6ddb28d813d9317077e668f7a98ade06b93499c124bafd7be84",
}
"""SHA-256 of each file. A new one gets its line here when it is released; what changes an old one is a new one."""


def test_what_was_carried_out_somewhere_stays_as_it_was() -> None:
    assert {
        m.name: hashlib.sha256((FOLDER / f"{m.name}.sql").read_bytes()).hexdigest() for m in migrations()
    } == CARRIED_OUT
