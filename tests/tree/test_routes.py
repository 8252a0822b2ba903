"""The tree over HTTP: open to everybody, in the forms of C2SP, and nothing beyond what was signed."""

import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.http.routes import all_routes
from adapters.signing import cosigner_of, make_key, verifier_of
from application.notes import COSIGNATURE, Signature, opened, parse_checkpoint, read, signed, with_signatures
from application.ports import Witness
from application.tree import leaf_hash, root_of, verify_consistency, verify_inclusion
from tests.http.world import ORIGIN, START, WISHES, World, live, run
from tests.http.world import opened as world_opened

ODD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20) | st.text(
    "0123456789x/.p&=size", max_size=20
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EKAMI = make_key("ekami.example/witness", b"\1" * 32, COSIGNATURE)
CURSOR = make_key("cursor.example/witness", b"\2" * 32, COSIGNATURE)
GETS = {
    "/v1/feed/checkpoint": "text/plain; charset=utf-8",
    "/v1/feed/keys": "application/json",
    "/v1/feed/tile/0/000.p/1": "application/octet-stream",
    "/v1/feed/proofs/inclusion?position=1": "application/json",
    "/v1/feed/proofs/consistency?from=1": "application/json",
}


@pytest.fixture(scope="module")
def sealed() -> Iterator[World]:
    """More than a page of events, all of them under a checkpoint, and some that are not."""
    with world_opened() as world:
        live(world)
        while world.head < 300:
            publish(world)
        run(world.tree.seal())
        publish(world)
        yield world


@pytest.fixture
def witnessed() -> Iterator[World]:
    with world_opened() as world:
        live(world)
        for key, organisation in ((EKAMI, "org:ekami"), (CURSOR, "org:cursor")):
            run(world.tree.add_witness(Witness(cosigner_of(key, START).vkey, organisation)))
        yield world


def publish(world: World) -> None:
    offering = {"offering": f"offering:x-{world.head}", "provider": "org:ekami"}
    world.do("publish-offering", {**offering, "description": {"kind": "course", "name": {"fi": "Kurssi"}}})


def bodies(world: World, size: int) -> list[bytes]:
    return [run(world.log.body(position)) or b"" for position in range(1, size + 1)]


def newest(world: World) -> str:
    return world.get("/v1/feed/checkpoint", None).text


def test_the_checkpoint_is_a_signed_note_of_what_is_sealed(sealed: World) -> None:
    (key,) = sealed.get("/v1/feed/keys", None).json()["log"]
    found = parse_checkpoint(opened(newest(sealed), [verifier_of(key)]).text)
    assert (found.origin, found.size, sealed.head) == (ORIGIN, 300, 301)
    assert found.root == root_of(list(map(leaf_hash, bodies(sealed, 300))))


def test_an_event_that_was_handed_over_is_proven_by_its_bytes_alone(sealed: World) -> None:
    root = parse_checkpoint(read(newest(sealed))[0]).root
    for position in (1, 24, 256, 257, 300):
        body = sealed.get(f"/v1/events/{position}", "coordinator").content
        proof = sealed.get(f"/v1/feed/proofs/inclusion?position={position}", None).json()
        assert (proof["position"], proof["index"], proof["size"]) == (position, position - 1, 300)
        assert (b64decode(proof["root"]), b64decode(proof["leaf"])) == (root, leaf_hash(body))
        hashes = list(map(b64decode, proof["hashes"]))
        verify_inclusion(leaf_hash(body), proof["index"], proof["size"], hashes, root)


def test_growth_is_proven_between_any_two_sizes(sealed: World) -> None:
    for old, new in ((1, 300), (255, 256), (256, 300), (7, 8), (300, 300), (0, 300)):
        proof = sealed.get(f"/v1/feed/proofs/consistency?from={old}&to={new}", None).json()
        assert (proof["from"], proof["to"]) == (old, new)
        roots = b64decode(proof["older_root"]), b64decode(proof["newer_root"])
        verify_consistency(old, roots[0], new, roots[1], list(map(b64decode, proof["hashes"])))
    newest_one = sealed.get("/v1/feed/proofs/consistency?from=256", None).json()
    assert newest_one == sealed.get("/v1/feed/proofs/consistency?from=256&to=300", None).json()


def test_tiles_are_enough_to_find_the_root_oneself(sealed: World) -> None:
    full = sealed.get("/v1/feed/tile/0/000", None)
    assert full.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert full.headers["content-type"] == "application/octet-stream"
    rest = sealed.get("/v1/feed/tile/0/001.p/44", None)
    leaves = [tile[i : i + 32] for tile in (full.content, rest.content) for i in range(0, len(tile), 32)]
    assert leaves == list(map(leaf_hash, bodies(sealed, 300)))
    assert sealed.get("/v1/feed/tile/1/000.p/1", None).content == root_of(leaves[:256])
    assert sealed.get("/v1/feed/tile/0/000.p/3", None).content == full.content[:96]
    assert "immutable" not in rest.headers["cache-control"]


@pytest.mark.parametrize("tile", ["0/001", "0/001.p/45", "0/002.p/1", "1/000.p/2", "2/000.p/1", "63/000.p/1"])
def test_a_tile_beyond_the_checkpoint_is_not_there(sealed: World, tile: str) -> None:
    answer = sealed.get(f"/v1/feed/tile/{tile}", None)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-tile")
    assert answer.headers["cache-control"] == "no-store"


def test_a_tile_that_is_not_there_says_how_many_hashes_are(sealed: World) -> None:
    assert sealed.get("/v1/feed/tile/0/001.p/45", None).json()["detail"] == (
        "The newest checkpoint covers 300 events, and with them 44 hashes of this tile, not 45; ask for what it covers."
    )


@pytest.mark.parametrize(
    "tile", ["0", "0/0", "00/000", "0/x000/000", "0/000.p/256", "entries/000", "0/000%00", "0/%0a", "0/..%2f000", "💥"]
)
def test_no_tile_is_at_any_other_path(sealed: World, tile: str) -> None:
    answer = sealed.get(f"/v1/feed/tile/{tile}", None)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-path")


@pytest.mark.parametrize(
    "tile",
    ["0//000", "/0/000", "%30/000", "0/%30%30%30", "0%2f000", "0/000/", "0/000//", "0/001%2ep/44", "0/001.p//44"],
)
def test_a_tile_has_one_path(sealed: World, tile: str) -> None:
    """Whoever keeps copies for others keeps one of each."""
    answer = sealed.get(f"/v1/feed/tile/{tile}", None)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-path")
    assert sealed.get(f"/v1/feed//tile/{tile}", None).status_code == 404


@pytest.mark.parametrize(
    ("path", "where", "sentence"),
    [
        ("inclusion", "?position", "Object missing required field `position` (at ?position)"),
        ("inclusion?position=0", "?position", "Expected `int` >= 1 (at ?position)"),
        ("inclusion?position=1e0", "?position", "Expected `int`, got `str` (at ?position)"),
        ("inclusion?position=301", "?position", "The tree has 300 events; ask for one of them, or for a larger tree (at ?position)"),
        ("inclusion?position=9&size=8", "?position", "The tree has 8 events; ask for one of them, or for a larger tree (at ?position)"),
        (
            "inclusion?position=1&size=301",
            "?size",
            "The newest checkpoint covers 300 events; ask for no more, or wait for the next one (at ?size)",
        ),
        ("inclusion?position=1&position=2", "?position", "This is given twice; give it once (at ?position)"),
        ("inclusion?position=1&other=2", "?other", "Object contains unknown field `other` (at ?other)"),
        (
            "consistency?from=1&to=4611686018427387903",
            "?to",
            "The newest checkpoint covers 300 events; ask for no more, or wait for the next one (at ?to)",
        ),
        ("consistency?from=9&to=8", "?from", "`from` must not exceed `to`: 9 is more than 8 (at ?from)"),
        ("consistency?to=8", "?from", "Object missing required field `from` (at ?from)"),
        ("consistency?from=-1", "?from", "Expected `int` >= 0 (at ?from)"),
    ],
)  # fmt: skip
def test_a_proof_that_does_not_exist_is_refused(sealed: World, path: str, where: str, sentence: str) -> None:
    answer = sealed.get(f"/v1/feed/proofs/{path}", None)
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, where)
    assert answer.json()["detail"] == sentence


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("who", [None, *sorted(WISHES)])
def test_hashes_are_open_to_everybody(sealed: World, who: str | None, path: str) -> None:
    answer = sealed.get(path, who)
    assert (answer.status_code, answer.headers["content-type"]) == (200, GETS[path])


@pytest.mark.parametrize("path", GETS)
def test_what_is_known_already_is_not_sent_again(sealed: World, path: str) -> None:
    answer = sealed.get(path, None)
    again = sealed.get(path, None, {"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
    head = sealed.client.head(path)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", answer.headers["etag"])


@pytest.mark.parametrize("path", GETS)
def test_nothing_of_an_event_is_in_it(sealed: World, path: str) -> None:
    content = sealed.get(path, None).content
    assert b"nonce" not in content
    assert b"offering" not in content


@pytest.mark.parametrize("route", all_routes(), ids=lambda r: r.name)
def test_everything_else_is_denied(sealed: World, route: object) -> None:
    """A method that a path does not offer, and every path below it."""
    path = getattr(route, "template", "").replace("{tile}", "0/000")
    offered = {one.method.upper() for one in all_routes() if one.template == getattr(route, "template", "")}
    for method in sorted({"GET", "POST", "PUT", "DELETE", "PATCH"} - offered):
        answer = sealed.client.request(method, path, headers=sealed.authorised("coordinator"))
        assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
    assert sealed.get(f"{path}/more").status_code == 404


@pytest.mark.parametrize("path", [path for path in GETS if not path.endswith("keys")])
def test_before_the_first_checkpoint_there_is_nothing_to_see(path: str) -> None:
    with world_opened() as world:
        answer = world.get(path, None)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-checkpoint")
        assert world.get("/v1/feed/keys", None).json() == {"log": [], "witnesses": []}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(["tile/", "proofs/inclusion?position=", "proofs/consistency?from="]), text=ODD)
def test_whatever_is_asked_is_an_answer_or_a_problem(sealed: World, path: str, text: str) -> None:
    answer = sealed.get(f"/v1/feed/{path}{quote(text, safe='/&=')}", None)
    assert answer.status_code in (200, 404, 422)
    assert answer.status_code == 200 or answer.headers["content-type"] == "application/problem+json"


# Witnesses


def cosigned(note: str, *keys: str, at: datetime = START) -> str:
    signers = [cosigner_of(key, at) for key in keys]
    text, _ = read(note)
    return with_signatures(note, [Signature(s.name, s.key_hash, s.sign(text.encode())) for s in signers])


def hand_in(world: World, note: str | bytes, who: str | None, media_type: str = "text/plain") -> httpx.Response:
    headers = {**world.authorised(who), "Content-Type": media_type}
    return world.client.post("/v1/feed/cosignatures", content=note, headers=headers)


@pytest.mark.parametrize("who", ["ekami", "ekami without scope", "coordinator"])
def test_a_cosignature_is_shown_with_the_checkpoint_from_then_on(witnessed: World, who: str) -> None:
    note = cosigned(newest(witnessed), EKAMI)
    answer = hand_in(witnessed, note, who)
    assert (answer.status_code, answer.json()) == (201, {"size": witnessed.head, "kept": 1})
    assert newest(witnessed) == note
    again = hand_in(witnessed, note, who)
    assert (again.status_code, again.json()) == (200, {"size": witnessed.head, "kept": 0})
    keys = witnessed.get("/v1/feed/keys", None).json()["witnesses"]
    assert [w["organisation"] for w in keys] == ["org:ekami", "org:cursor"]
    assert len(opened(note, [verifier_of(w["vkey"]) for w in keys]).verified) == 1


def test_a_partner_speaks_for_its_own_witness_alone(witnessed: World) -> None:
    """Another's line in the same note is left out, and a note with nothing else is refused."""
    both = cosigned(newest(witnessed), EKAMI, CURSOR)
    assert hand_in(witnessed, both, "ekami").json()["kept"] == 1
    assert "cursor.example" not in newest(witnessed)
    others = hand_in(witnessed, cosigned(newest(witnessed), CURSOR), "xamk")
    assert (others.status_code, others.json()["type"]) == (422, "/problems/no-witness")
    assert hand_in(witnessed, both, "coordinator").json()["kept"] == 1
    assert newest(witnessed).count("example/witness") == 2


@pytest.mark.parametrize("who", ["auditor", "project auditor", "mentor", "other mentor", "subscriber", "funder"])
def test_nobody_else_hands_anything_in(witnessed: World, who: str) -> None:
    answer = hand_in(witnessed, cosigned(newest(witnessed), EKAMI), who)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")
    assert "example/witness" not in newest(witnessed)


def test_without_a_token_nothing_is_taken(witnessed: World) -> None:
    assert hand_in(witnessed, cosigned(newest(witnessed), EKAMI), None).status_code == 401


def test_only_what_was_signed_here_is_cosigned(witnessed: World) -> None:
    text, _ = read(newest(witnessed))
    forged = text.replace(f"\n{witnessed.head}\n", "\n9999\n")
    other = text.split("\n")[0] + f"\n{witnessed.head}\n" + "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    for wrong in (forged, other):
        answer = hand_in(witnessed, signed(wrong, [cosigner_of(EKAMI, START)]), "ekami")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-checkpoint")
    assert "example/witness" not in newest(witnessed)


def test_a_wrong_cosignature_is_refused(witnessed: World) -> None:
    note = newest(witnessed)
    witness = cosigner_of(EKAMI, START)
    wrong = with_signatures(note, [Signature(witness.name, witness.key_hash, witness.sign(b"another\n"))])
    answer = hand_in(witnessed, wrong, "ekami")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/note-fault")
    unknown = hand_in(witnessed, cosigned(note, make_key("x.example/w", bytes(32), COSIGNATURE)), "coordinator")
    assert (unknown.status_code, unknown.json()["type"]) == (422, "/problems/no-witness")
    assert hand_in(witnessed, note, "coordinator").json()["type"] == "/problems/no-witness"


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"", "text/plain", 422),
        (b"\xff", "text/plain; charset=utf-8", 422),
        (b"x" * 140_000, "text/plain", 422),
        (b"x" * 300_000, "text/plain", 413),
        (json.dumps({}).encode(), "application/json", 415),
        (b"x", "text/plain; charset=latin-1", 415),
    ],
)
def test_what_is_no_note_is_refused(witnessed: World, body: bytes, media_type: str, status: int) -> None:
    answer = hand_in(witnessed, body, "coordinator", media_type)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_an_older_checkpoint_can_still_be_cosigned(witnessed: World) -> None:
    """A witness is never as fast as the log."""
    older = newest(witnessed)
    publish(witnessed)
    run(witnessed.tree.seal())
    size = witnessed.head - 1
    assert hand_in(witnessed, cosigned(older, EKAMI), "ekami").json() == {"size": size, "kept": 1}
    assert "example/witness" not in newest(witnessed)
    shown = witnessed.get(f"/v1/feed/checkpoint?size={size}", None)
    assert (shown.status_code, shown.text) == (200, cosigned(older, EKAMI))


def test_only_checkpoints_that_were_signed_are_shown(witnessed: World) -> None:
    for size, status in ((witnessed.head + 1, 404), (10**12, 404), (0, 422), ("x", 422)):
        answer = witnessed.get(f"/v1/feed/checkpoint?size={size}", None)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("wrong", [timedelta(days=-3), timedelta(minutes=6), EPOCH - START])
def test_a_witness_whose_clock_is_wrong_is_refused_and_may_sign_again(witnessed: World, wrong: timedelta) -> None:
    note = newest(witnessed)
    answer = hand_in(witnessed, cosigned(note, EKAMI, at=witnessed.now + wrong), "ekami")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/wrong-time")
    assert hand_in(witnessed, cosigned(note, EKAMI, at=witnessed.now), "ekami").json()["kept"] == 1
