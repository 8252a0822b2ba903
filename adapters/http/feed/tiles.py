"""The hashes of the Merkle tree in tiles (C2SP tlog-tiles): enough to check every proof oneself."""

from litestar import Response

from adapters.http.asking import check_path
from adapters.http.feed.checkpoint import newest
from adapters.http.network import Asked, network_of
from adapters.http.problems import NoSuchPath, NoSuchTile
from adapters.http.route import FOR_EVER, Route, reply
from application.ports import Unavailable
from application.tree import TILE_WIDTH, parse_tile_path, tile_width

BYTES = "application/octet-stream"
FOR_A_DAY = "public, max-age=86400"
"""A partial tile never changes either, but nobody wants it once there is a wider one."""


async def respond(request: Asked) -> Response[bytes]:
    tree = network_of(request).tree
    check_path(request)
    asked = f"tile{request.path_params['tile']}"
    try:
        level, n, width = parse_tile_path(asked)
    except ValueError:
        raise NoSuchPath(request.url.path) from None
    if (
        request.scope["raw_path"].partition(b"?")[0] != f"/v1/feed/{asked}".encode()
    ):  # doubled slashes, escapes: one path a tile
        raise NoSuchPath(request.url.path)
    _, covered = await newest(tree)
    there = tile_width(level, n, covered.size)
    if there < width:
        raise NoSuchTile(width, there, covered.size)
    hashes = await tree.tile(level, n, width)
    if hashes is None:
        raise Unavailable("This tile cannot be read just now; ask again in a moment.")
    return reply(request, hashes, BYTES, FOR_EVER if width == TILE_WIDTH else FOR_A_DAY)


tile = Route(
    name="tile",
    path="/v1/feed/tile/{tile:path}",
    readers=None,
    says="Hashes of the Merkle tree, 32 bytes each (C2SP tlog-tiles): `0/000` is the first full tile of 256 leaf hashes, "
    "`0/x001/000` its thousandth successor, `1/000` has the hash of each full tile, and `0/000.p/7` are the first 7 hashes. "
    "The hash of a leaf is SHA-256 of a zero byte and the event's exact bytes.",
    gives={BYTES: None},
    respond=respond,
    problems=frozenset({"404"}),
)
