"""Tiles are where C2SP tlog-tiles puts them, each at one path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.tree import parse_tile_path, tile_path, tile_width

KNOWN = {
    (0, 1_234_067, 256): "tile/0/x001/x234/067",
    (0, 0, 256): "tile/0/000",
    (63, 5, 1): "tile/63/005.p/1",
    (1, 1000, 17): "tile/1/x001/000.p/17",
}


@pytest.mark.parametrize(("tile", "path"), KNOWN.items(), ids=KNOWN.values())
def test_the_specification_s_examples(tile: tuple[int, int, int], path: str) -> None:
    assert tile_path(*tile) == path
    assert parse_tile_path(path) == tile


@given(st.integers(0, 63), st.integers(0, 2**55 - 1), st.integers(1, 256))
def test_every_path_leads_back_to_its_tile(level: int, n: int, width: int) -> None:
    assert parse_tile_path(tile_path(level, n, width)) == (level, n, width)


@pytest.mark.parametrize(
    "path",
    ["", "tile", "tile/0", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/x000/000",
     "tile/0/001/000", "tile/0/x001", "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/007",
     "tile/0/000.p/1/", "tile/0/000/", "/tile/0/000", "tile/0/000\n", "tile/0/\u0660\u0660\u0660", "tile/entries/000",
     "tile/0/" + "x999/" * 6 + "999",
     "tile/0/" + "x001/" * 99 + "000", "tile/0/../000", "tile/0/x1/000", "tile/0/000.p/1000"],
)  # fmt: skip
def test_any_other_spelling_is_no_path(path: str) -> None:
    with pytest.raises(ValueError, match=r"tile|path"):
        parse_tile_path(path)


@pytest.mark.parametrize(
    ("level", "n", "width"), [(64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257), (0, 2**60, 1)]
)
def test_there_are_no_other_tiles(level: int, n: int, width: int) -> None:
    with pytest.raises(ValueError, match="There is no tile"):
        tile_path(level, n, width)


def test_a_tree_of_70_000_has_the_tiles_that_the_specification_counts() -> None:
    widths = {level: [tile_width(level, n, 70_000) for n in range(300)] for level in range(4)}
    assert [(row.count(256), [w for w in row if 0 < w < 256]) for row in widths.values()] == [
        (273, [112]),
        (1, [17]),
        (0, [1]),
        (0, []),
    ]
    assert (tile_width(0, 0, 256), tile_width(1, 0, 256), tile_width(63, 0, 2**62)) == (256, 1, 0)
