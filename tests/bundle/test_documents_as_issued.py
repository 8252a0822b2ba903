"""What `tasma audit export` gives away of a network in PostgreSQL: the documents that were issued there, word by word, or nothing."""

import asyncio
import codecs
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.bundle.as_signed import NotAsSigned
from adapters.bundle.export import Source, export
from adapters.bundle.verify import Check
from adapters.postgres.documents import PostgresDocuments
from adapters.postgres.embedded import APP_ROLE, Server
from adapters.postgres.migrate import drop_network, migrate
from adapters.postgres.row_hashes import RowHashes
from tests.audit.test_command import key_of, sealer_of, tasma
from tests.audit.test_statements import issued, verified, views_of
from tests.bundle.bundles import Entries, document_of, entries_of, faults
from tests.sealing.conftest import SIGNER, Ground, Sealing

Change = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def stated(server: Server, fresh_schema: Callable[[], str]) -> Iterator[Ground]:
    """A network with issued statements, signed by whom `tests.audit` trusts."""
    ground = Ground(server, fresh_schema())

    async def lived() -> None:
        await migrate(server.admin_dsn, ground.schema, APP_ROLE)
        async with ground.open() as sealing:
            await issued(sealing)
            await sealing.sealer().seal()

    asyncio.run(lived())
    yield ground
    asyncio.run(drop_network(server.admin_dsn, ground.schema))


def source_of(sealing: Sealing) -> Source:
    return Source(
        network="test",
        source="/networks/test",
        log=sealing.log,
        tree=sealing.tree,
        documents=PostgresDocuments(sealing.database, sealing.schema),
        rows=RowHashes(sealing.database, sealing.schema),
        views=views_of(sealing),
    )


def names_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def said(key: str, value: object) -> Change:
    return lambda body: document_of({**json.loads(body), key: value})


def texted(body: bytes) -> bytes:
    document = json.loads(body)
    document["lines"][0]["text"]["en"] = "Paid in full"
    return document_of(document)


def turned(body: bytes) -> bytes:
    document = json.loads(body)
    return document_of({"own_cents": document.pop("own_cents"), **document})


BESIDE = "its kept document says other things beside its figures than the log gives"
FORGERIES: dict[str, tuple[Change, str]] = {
    "another sentence": (texted, BESIDE),
    "other own cents": (said("own_cents", 99_999_999), BESIDE),
    "another state": (said("state", "open"), "it says that state is 'open', where 'closed' was found"),
    "another network": (said("network", "evil"), "it says that network is 'evil', where 'kymenlaakso' was found"),
    "constructed": (said("constructed", "yes"), "it says that constructed is 'yes', where "),
    "more": (said("remark", "paid in full"), "it is not written in the one way in which a bundle's is"),
    "another order": (turned, "it is not written in the one way in which a bundle's is"),
    "spaces": (lambda body: body.replace(b":", b": ", 1), "it is not written in the one way in which a bundle's is"),
    "UTF-16": (lambda body: body.decode().encode("utf-16"), "cannot be read ("),
    "a byte order mark": (lambda body: codecs.BOM_UTF8 + body, "cannot be read ("),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_document_that_was_not_issued_so_is_not_exported(stated: Ground, tmp_path: Path, forgery: str) -> None:
    """Of words that no digest covers too; `tasma audit verify`, which the refusal names, finds the same, and then all is well again."""
    change, why = FORGERIES[forgery]

    async def promise() -> None:
        async with stated.open() as sealing:
            documents = await sealing.rows("select digest, body from {schema}.document order by digest")
            digest, body = next((digest, body) for digest, body in documents if json.loads(body)["lines"])
            assert change(body) != body
            put = "update {schema}.document set body = %s where digest = %s"
            assert sealing.tamper(put, change(body), digest) == 1
            try:
                with pytest.raises(NotAsSigned) as refused:
                    await export(source_of(sealing), tmp_path / "b.zip")
                found = await verified(sealing)
            finally:
                sealing.tamper(put, body, digest)
            assert why in str(refused.value)
            assert digest in str(refused.value)
            assert str(refused.value).endswith("; nothing was exported. `tasma audit verify` says what was changed.")
            assert names_in(tmp_path) == []
            assert [fault.kind for fault in found.faults] == ["document"]
            exported = await export(source_of(sealing), tmp_path / "b.zip")
            assert exported.documents == len(documents)

    asyncio.run(promise())
    assert faults(Check(tmp_path / "b.zip", [SIGNER.vkey])) == []


def test_a_bundle_of_a_server_is_refused_where_a_document_in_it_is_written_otherwise(
    stated: Ground, tmp_path: Path
) -> None:
    """By the program as it lies in the bundle, run alone: it names the document, and the figures are what they were."""

    async def exported() -> None:
        async with stated.open() as sealing:
            await export(source_of(sealing), tmp_path / "b.zip")

    asyncio.run(exported())
    entries = entries_of(tmp_path / "b.zip")
    (tmp_path / "verify.py").write_bytes(entries.files["verify.py"])
    assert ran(tmp_path, entries, None)[1].splitlines()[-1].startswith("WHOLE: ")
    for change, why in (
        (lambda body: body.decode().encode("utf-16"), "cannot be read ("),
        (lambda body: codecs.BOM_UTF8 + body, "cannot be read ("),
        (said("remark", "paid in full"), "does not fit: it is not written in the one way in which a bundle's is."),
        (said("state", "open"), "does not fit: it says that state is 'open', where 'closed' was found."),
    ):
        code, out = ran(tmp_path, entries, change)
        assert (code, out.splitlines()[-1]) == (1, "NOT WHOLE.")
        assert f"{a_document(entries)} {why}" in out


def a_document(entries: Entries) -> str:
    return next(
        name for name in entries.files if name.startswith("documents/") and json.loads(entries.files[name])["lines"]
    )


def ran(folder: Path, entries: Entries, change: Change | None) -> tuple[int, str]:
    """Exit code and output of verify.py, of the bundle with a document changed and a manifest that agrees."""
    name = a_document(entries)
    changed = entries.changed({name: change(entries.files[name])}, vouched=True) if change else entries
    changed.written(folder / "changed.zip")
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", "-S", "verify.py", "changed.zip", "--key", SIGNER.vkey],
        cwd=folder,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_command_refuses_other_words_in_a_sentence_and_leaves_no_file(
    server: Server, network_schema: str, tmp_path: Path
) -> None:
    ground = Ground(server, network_schema)

    async def forged() -> None:
        await migrate(server.admin_dsn, ground.schema, APP_ROLE)
        async with ground.open() as sealing:
            await issued(sealing)
            await sealer_of(sealing, key_of(ground)).seal()
            documents = await sealing.rows("select digest, body from {schema}.document order by digest")
            digest, body = next((digest, body) for digest, body in documents if json.loads(body)["lines"])
            sealing.tamper("update {schema}.document set body = %s where digest = %s", texted(body), digest)

    asyncio.run(forged())
    out = tmp_path / "out"
    out.mkdir()
    refused = tasma(ground, tmp_path, "audit", "export", "-o", str(out / "b.zip"), key=key_of(ground))
    assert (refused.returncode, refused.stdout, "Traceback" in refused.stderr) == (1, "", False)
    assert f"{BESIDE}; nothing was exported. `tasma audit verify` says what was changed." in refused.stderr
    assert names_in(out) == []
    asyncio.run(drop_network(server.admin_dsn, ground.schema))
