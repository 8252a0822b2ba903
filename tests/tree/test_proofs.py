"""Every proof that is made is accepted, and nothing else is."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.tree import (
    Frontier,
    ProofFault,
    Subtree,
    consistency_path,
    inclusion_path,
    joined,
    leaf_hash,
    perfect_subtrees,
    root_of,
    verify_consistency,
    verify_inclusion,
)

SIZE_MAX = 70
LEAVES = [leaf_hash(b"%d" % n) for n in range(1000)]


def proof(path: tuple[Subtree, ...]) -> list[bytes]:
    return [root_of(LEAVES[begin:end]) for begin, end in path]


def test_every_leaf_of_every_small_tree_is_proven() -> None:
    for size in range(1, SIZE_MAX + 1):
        root = root_of(LEAVES[:size])
        for index in range(size):
            verify_inclusion(LEAVES[index], index, size, proof(inclusion_path(index, size)), root)


def test_every_small_tree_goes_on_from_every_smaller_one() -> None:
    roots = [root_of(LEAVES[:size]) for size in range(SIZE_MAX + 1)]
    for new in range(SIZE_MAX + 1):
        for old in range(new + 1):
            verify_consistency(old, roots[old], new, roots[new], proof(consistency_path(old, new)))


@st.composite
def pairs(draw: st.DrawFn, largest: int = len(LEAVES)) -> tuple[int, int]:
    new = draw(st.integers(2, largest))
    return draw(st.integers(1, new - 1)), new


@given(pairs())
def test_larger_trees_too(pair: tuple[int, int]) -> None:
    old, new = pair
    verify_inclusion(LEAVES[old], old, new, proof(inclusion_path(old, new)), root_of(LEAVES[:new]))
    old_root, new_root = root_of(LEAVES[:old]), root_of(LEAVES[:new])
    verify_consistency(old, old_root, new, new_root, proof(consistency_path(old, new)))


Change = Callable[[list[bytes], int], list[bytes]]


def flipped(hashes: list[bytes], n: int) -> list[bytes]:
    place, bit = n % len(hashes), n // len(hashes) % 256
    changed = int.from_bytes(hashes[place], "big") ^ 1 << bit
    return [*hashes[:place], changed.to_bytes(32, "big"), *hashes[place + 1 :]]


def dropped(hashes: list[bytes], n: int) -> list[bytes]:
    return [*hashes[: n % len(hashes)], *hashes[n % len(hashes) + 1 :]]


def doubled(hashes: list[bytes], n: int) -> list[bytes]:
    return [*hashes[: n % len(hashes)], *hashes[n % len(hashes) :][:1], *hashes[n % len(hashes) :]]


def added(hashes: list[bytes], n: int) -> list[bytes]:
    return [*hashes, leaf_hash(b"more %d" % n)]


def cut(hashes: list[bytes], n: int) -> list[bytes]:
    return [*hashes[: n % len(hashes)], hashes[n % len(hashes)][:-1], *hashes[n % len(hashes) + 1 :]]


CHANGES = st.sampled_from([flipped, dropped, doubled, added, cut])


@given(pairs(), CHANGES, st.integers(0, 10_000))
def test_a_changed_proof_of_inclusion_is_refused(pair: tuple[int, int], change: Change, n: int) -> None:
    index, size = pair
    changed = change(proof(inclusion_path(index, size)), n)
    with pytest.raises(ProofFault):
        verify_inclusion(LEAVES[index], index, size, changed, root_of(LEAVES[:size]))


@given(pairs(), CHANGES, st.integers(0, 10_000))
def test_a_changed_proof_of_consistency_is_refused(pair: tuple[int, int], change: Change, n: int) -> None:
    old, new = pair
    changed = change(proof(consistency_path(old, new)), n)
    with pytest.raises(ProofFault):
        verify_consistency(old, root_of(LEAVES[:old]), new, root_of(LEAVES[:new]), changed)


@settings(max_examples=40)
@given(pairs(SIZE_MAX))
def test_a_proof_holds_for_no_other_place_leaf_or_root(pair: tuple[int, int]) -> None:
    index, size = pair
    root, right = root_of(LEAVES[:size]), proof(inclusion_path(index, size))
    for other in set(range(-1, SIZE_MAX)) - {index}:
        with pytest.raises(ProofFault):
            verify_inclusion(LEAVES[index], other, size, right, root)
    for leaf in (LEAVES[index - 1], root, b"", right[0]):
        with pytest.raises(ProofFault):
            verify_inclusion(leaf, index, size, right, root)
    with pytest.raises(ProofFault):
        verify_inclusion(LEAVES[index], index, size, right, root_of(LEAVES[: size + 1]))


@settings(max_examples=40)
@given(pairs(SIZE_MAX))
def test_a_proof_holds_between_no_other_roots(pair: tuple[int, int]) -> None:
    old, new = pair
    old_root, new_root, right = root_of(LEAVES[:old]), root_of(LEAVES[:new]), proof(consistency_path(old, new))
    other = leaf_hash(b"other")
    for roots in ((old_root, other), (other, new_root), (new_root, old_root), (old_root, old_root)):
        with pytest.raises(ProofFault):
            verify_consistency(old, roots[0], new, roots[1], right)
    for sizes in ((old, old), (new, new), (new, old), (0, new), (-1, new)):
        with pytest.raises(ProofFault):
            verify_consistency(sizes[0], old_root, sizes[1], new_root, right)


@given(pairs())
def test_a_log_that_was_changed_cannot_be_passed_off_as_grown(pair: tuple[int, int]) -> None:
    """One leaf of the older tree is another one in the newer: no proof made there connects the two."""
    old, new = pair
    forged = [*LEAVES[: old - 1], leaf_hash(b"forged"), *LEAVES[old:new]]
    path = [root_of(forged[begin:end]) for begin, end in consistency_path(old, new)]
    with pytest.raises(ProofFault):
        verify_consistency(old, root_of(LEAVES[:old]), new, root_of(forged), path)


def test_a_node_does_not_pass_for_a_leaf() -> None:
    """The bytes of an inner node, taken for an event, have another hash than the node."""
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != root_of([left, right]) != sha256(left + right).digest()


def test_what_is_wrong_is_said() -> None:
    root, right = root_of(LEAVES[:7]), proof(inclusion_path(2, 7))
    for sentence, (index, size, hashes) in {
        "A tree of 7 leaves has no leaf 7, counted from 0.": (7, 7, right),
        "The proof ends before the root: 2 hashes are too few.": (2, 7, right[:2]),
        "The proof goes on after the root: 4 hashes are too many.": (2, 7, [*right, root]),
        "A hash has 32 bytes, not 31.": (2, 7, [right[0][:-1], *right[1:]]),
    }.items():
        with pytest.raises(ProofFault) as fault:
            verify_inclusion(LEAVES[2], index, size, hashes, root)
        assert str(fault.value) == sentence
    with pytest.raises(ProofFault) as fault:
        verify_consistency(3, root, 7, root, [])
    assert str(fault.value) == "From 3 to 7 leaves a proof is not empty; this one has 0 hashes."


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_a_proof_consists_of_perfect_subtrees_few_and_whole(one: int, other: int) -> None:
    """Whatever a proof needs is a handful of nodes that tiles hold."""
    old, new = sorted((one, other + 1))
    paths = [consistency_path(old, new)] + ([inclusion_path(old, new)] if old < new else [])
    for path in paths:
        nodes = [node for begin, end in path for node in perfect_subtrees(begin, end)]
        assert len(nodes) <= 2 * new.bit_length()
        assert all((end - begin).bit_count() == 1 and begin % (end - begin) == 0 for begin, end in nodes)
    if old < new:
        spans = sorted([*inclusion_path(old, new), (old, old + 1)])
        assert [spans[0][0], *(end for _, end in spans)] == [*(begin for begin, _ in spans), new]


@given(st.integers(0, len(LEAVES)), st.integers(0, 8))
def test_a_frontier_knows_the_root_of_everything_it_was_given(size: int, height: int) -> None:
    frontier, span = Frontier(), 1 << height
    for begin in range(0, size - size % span, span):
        frontier.add_subtree(root_of(LEAVES[begin : begin + span]), span)
    for leaf in LEAVES[size - size % span : size]:
        frontier.add(leaf)
    assert frontier.size == size
    assert frontier.root() == root_of(LEAVES[:size])
    assert frontier.peaks == tuple(root_of(LEAVES[begin:end]) for begin, end in perfect_subtrees(0, size))
    assert joined(frontier.peaks) == frontier.root() == Frontier(size, frontier.peaks).root()
    copied = frontier.copy()
    copied.add(LEAVES[0])
    assert (copied.size, frontier.size) == (size + 1, size)


def test_a_frontier_takes_nothing_where_it_cannot_stand() -> None:
    frontier = Frontier(1, LEAVES[:1])
    for leaves in (0, 2, 3):
        with pytest.raises(ValueError, match=f"After 1 leaves no perfect subtree of {leaves} can stand"):
            frontier.add_subtree(LEAVES[1], leaves)
    with pytest.raises(ValueError, match="A tree of 3 leaves has 2 perfect subtrees, not 1"):
        Frontier(3, LEAVES[:1])


def test_there_are_no_paths_outside_a_tree() -> None:
    for index, size in ((0, 0), (1, 1), (-1, 3)):
        with pytest.raises(ValueError, match="has no leaf"):
            inclusion_path(index, size)
    for old, new in ((-1, 3), (4, 3)):
        with pytest.raises(ValueError, match="does not go on"):
            consistency_path(old, new)
    for begin, end in ((1, 3), (3, 2), (-1, 0), (2, 5)):
        with pytest.raises(ValueError, match="No subtree"):
            perfect_subtrees(begin, end)
