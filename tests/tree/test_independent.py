"""Our proofs under the eyes of a library that is not ours.

pymerkle builds its own tree from the same events and finds the same roots and, hash by hash, the same proofs of inclusion;
its verifier accepts ours. Its proofs of consistency have a form of their own, not that of the RFC: ours are compared with the
reference and with a real log in `test_vectors`, and here with the roots that pymerkle gives to each of their subtrees.
"""

from functools import cache

import pytest
from pymerkle import InclusionProof, InmemoryTree, InvalidProof  # type: ignore[import-untyped]  # it has no types

from application.tree import consistency_path, inclusion_path, leaf_hash, root_of

SIZE = 300
EVENTS = [b'{"sequence":"%020d"}' % n for n in range(1, SIZE + 1)]
LEAVES = [leaf_hash(event) for event in EVENTS]
SIZES = [1, 2, 3, 5, 8, 31, 64, 65, 100, 255, 256, 257, SIZE]


@cache
def theirs(begin: int = 0, end: int = SIZE) -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    tree.append_entries(EVENTS[begin:end])
    return tree


def root(begin: int, end: int) -> bytes:
    return root_of(LEAVES[begin:end])


def test_the_roots_are_the_same() -> None:
    assert [theirs().get_root(size) for size in range(SIZE + 1)] == [root(0, size) for size in range(SIZE + 1)]


@pytest.mark.parametrize("size", SIZES)
def test_proofs_of_inclusion_are_the_same_and_accepted(size: int) -> None:
    for index in range(size):
        made = theirs().prove_inclusion(index + 1, size)
        ours = [root(begin, end) for begin, end in inclusion_path(index, size)]
        assert made.path == [LEAVES[index], *ours]
        given = InclusionProof(
            "sha256", security=True, size=size, index=index + 1, rule=made.rule, path=[LEAVES[index], *ours]
        )
        given.verify(LEAVES[index], root(0, size), index=index + 1, size=size, algorithm="sha256")
        with pytest.raises(InvalidProof):
            given.verify(LEAVES[index], root_of(LEAVES[: size - 1]), index=index + 1, size=size)


@pytest.mark.parametrize("new", SIZES)
def test_proofs_of_consistency_consist_of_the_roots_it_finds(new: int) -> None:
    for old in (size for size in SIZES if size < new):
        for begin, end in consistency_path(old, new):
            assert theirs(begin, end).get_root() == root(begin, end)
