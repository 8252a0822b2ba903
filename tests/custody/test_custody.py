"""A database that lost what was signed is told by the checkpoint outside it, and is read and never appended to."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.checkpoint_file import CheckpointFile
from adapters.custody import Custody
from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog
from adapters.memory.tree import MemoryTree
from adapters.signing import KeySigner, make_key, signer_of, verifier_of
from adapters.watched_log import WatchedLog
from application.notes import Checkpoint, checkpoint_text, signed
from application.ports import ReadOnly
from domain.kernel import facts
from domain.mentoring.events import MenteeAssigned
from tests.log.decisions import NINE, assigned, command_id, decision, founded

ORIGIN = "tasma/networks/testi"
ABOUT = (facts(MenteeAssigned, about="mentor:99"),)
FIRST, SECOND, STRANGER = (signer_of(make_key(ORIGIN, bytes([n]) * 32)) for n in (1, 2, 9))
WAY_OUT = (
    "Everything can be read, nothing is appended. Connect the right database or restore a newer backup; "
    "to go on with this one for good, `tasma audit accept-restore`."
)


class Network:
    """A network in memory with so many events; of one seed all are the same, byte for byte."""

    def __init__(self, path: Path, *, events: int, seed: int = 1, signers: tuple[KeySigner, ...] = (FIRST,)) -> None:
        inner = MemoryLog("/networks/testi", SeededEntropy(seed), lambda: NINE)
        self.tree = MemoryTree(inner, ORIGIN, signers)
        self.file = CheckpointFile(path)
        own = [verifier_of(signer.vkey) for signer in signers]
        self.custody = Custody(self.file, inner, self.tree, origin=ORIGIN, own=own, trust=verifier_of)
        self.log = WatchedLog(inner, self.custody)
        self.inner, self.events = inner, 0
        self.more(events)

    def more(self, events: int) -> None:
        """Append past the custody, as another process would."""
        for n in range(self.events, self.events + events):
            event = assigned(client=n) if n else founded(constructed=True)
            run(self.inner.append(decision(event, after=n, at=NINE, command=command_id(n))))
        self.events += events

    def sign(self) -> str:
        """Seal what there is and keep the checkpoint outside."""
        run(self.tree.seal())
        note: str = run(self.tree.checkpoint())
        run(self.custody.keep(note))
        return note

    def append(self) -> None:
        run(self.log.append(decision(assigned(), after=self.events, at=NINE)))


def run(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - of any coroutine
    return asyncio.run(work)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "testi.checkpoint"


def test_a_network_that_goes_on_from_what_was_signed_appends(path: Path) -> None:
    Network(path, events=5).sign()
    later = Network(path, events=8)
    run(later.custody.begin())
    assert later.custody.fault is None
    later.append()
    assert (later.log.decisions, later.log.events) == (1, 1)


def test_a_restored_backup_is_read_and_not_appended_to(path: Path) -> None:
    Network(path, events=5).sign()
    backup = Network(path, events=3)
    run(backup.custody.begin())
    with pytest.raises(ReadOnly) as refused:
        backup.append()
    sentence = str(refused.value)
    assert sentence.startswith(
        f"The log ends at position 3, but a checkpoint over 5 events was signed by {ORIGIN}+{FIRST.key_hash.hex()} (kept 20"
    )
    assert sentence.endswith(f"the database is a restored backup, or not this network's. {WAY_OUT}")
    assert run(backup.log.head()).position == 3
    assert len(run(backup.log.read(0, limit=9))) == 3


def test_an_empty_database_is_not_the_network_that_signed(path: Path) -> None:
    Network(path, events=5).sign()
    empty = Network(path, events=0)
    run(empty.custody.begin())
    assert "The log ends at position 0" in (empty.custody.fault or "")


def test_a_history_that_grew_on_from_a_backup_is_a_forked_one(path: Path) -> None:
    """Longer than what was signed, with another history: the root tells, sealed or not."""
    Network(path, events=5).sign()
    for sealed in (False, True):
        forked = Network(path, events=7, seed=2)
        if sealed:
            run(forked.tree.seal())
        run(forked.custody.begin())
        with pytest.raises(ReadOnly) as refused:
            forked.append()
        assert str(refused.value).startswith(
            "The first 5 of 7 events are not those over which a checkpoint was signed by "
        )
        assert "the history was forked" in str(refused.value)


def test_a_database_that_changes_under_a_running_process_is_noticed_before_the_next_decision(path: Path) -> None:
    network = Network(path, events=5)
    network.sign()
    run(network.custody.begin())
    network.append()
    network.inner._kept = network.inner._kept[:4]  # noqa: SLF001 - a failover to a server that lagged behind
    run(network.log.look(ABOUT))
    with pytest.raises(ReadOnly):
        run(network.log.append(decision(assigned(), unless=ABOUT, after=4, at=NINE)))
    assert run(network.log.head()).position == 4


def test_a_head_that_falls_is_looked_into(path: Path) -> None:
    """Where nothing signed is lost it is said and work goes on: nobody can tell what else there was."""
    network = Network(path, events=5)
    network.sign()
    network.more(2)
    assert run(network.log.head()).position == 7
    network.inner._kept = network.inner._kept[:6]  # noqa: SLF001
    with capture_logs() as logs:
        assert run(network.log.wait(7, 0)) == 6
    assert logs == [{"event": "custody.head_fell", "log_level": "error", "before": 7, "now": 6}]
    network.events = 6
    network.append()
    network.inner._kept = network.inner._kept[:3]  # noqa: SLF001
    assert run(network.log.head()).position == 3
    with pytest.raises(ReadOnly, match=r"^The log ends at position 3"):
        network.append()


def test_it_goes_on_by_itself_when_the_right_database_is_back(path: Path) -> None:
    network = Network(path, events=5)
    network.sign()
    kept = network.inner._kept  # noqa: SLF001
    network.inner._kept = kept[:4]  # noqa: SLF001
    run(network.custody.judge())
    with pytest.raises(ReadOnly):
        network.append()
    network.inner._kept = kept  # noqa: SLF001
    run(network.custody.judge())
    run(network.custody.writable())
    network.append()


def test_a_newer_checkpoint_is_never_replaced_by_an_older_one(path: Path) -> None:
    older = Network(path, events=3)
    run(older.tree.seal())
    note = run(older.tree.checkpoint())
    newest = Network(path, events=5)
    kept = newest.sign()
    run(newest.custody.keep(note))
    assert path.read_text(encoding="utf-8") == kept
    with pytest.raises(ReadOnly):
        run(older.custody.keep(note))
    assert path.read_text(encoding="utf-8") == kept


def test_a_fork_keeps_no_checkpoint_outside(path: Path) -> None:
    """Also one that changed under a running process: before every keeping the root is compared again."""
    network = Network(path, events=5)
    kept = network.sign()
    other = Network(path, events=7, seed=2)
    network.inner._kept = other.inner._kept  # noqa: SLF001
    network.tree._leaves.clear()  # noqa: SLF001
    run(network.tree.seal())
    note = run(network.tree.checkpoint())
    with pytest.raises(ReadOnly, match="the history was forked"):
        run(network.custody.keep(note))
    assert path.read_text(encoding="utf-8") == kept


def test_a_key_that_is_not_known_is_named_and_the_history_decides(path: Path) -> None:
    """After a rotation a backup may not know the newer key: sizes and roots are compared all the same."""
    Network(path, events=5, signers=(STRANGER,)).sign()
    same, behind = Network(path, events=6), Network(path, events=4)
    with capture_logs() as logs:
        run(same.custody.begin())
        run(behind.custody.begin())
    unknown = f"{ORIGIN}+{STRANGER.key_hash.hex()}"
    assert [log["keys"] for log in logs if log["event"] == "custody.unknown_key"] == [unknown, unknown]
    same.append()
    assert f"signed by {unknown}, a key that is not known here" in (behind.custody.fault or "")


def test_a_key_recorded_in_the_database_is_known_after_it_was_dropped(path: Path) -> None:
    network = Network(path, events=5, signers=(FIRST, SECOND))
    network.sign()
    own = [verifier_of(SECOND.vkey)]
    custody = Custody(network.file, network.inner, network.tree, origin=ORIGIN, own=own, trust=verifier_of)
    with capture_logs() as logs:
        run(custody.begin())
    assert (custody.fault, logs) == (None, [])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda note: note.replace("\n5\n", "\n4\n"),
        lambda note: note[:-20],
        lambda _: "",
        lambda _: "nothing of the kind\n",
    ],
)
def test_a_file_that_was_changed_vouches_for_nothing(path: Path, spoil: Any) -> None:  # noqa: ANN401 - a function of the table
    note = Network(path, events=5).sign()
    path.write_text(spoil(note), encoding="utf-8")
    network = Network(path, events=6)
    run(network.custody.begin())
    assert (network.custody.fault or "").startswith("The checkpoint kept outside the database is not what was signed. ")
    with pytest.raises(ReadOnly):
        network.append()


def test_bytes_that_are_no_text_vouch_for_nothing(path: Path) -> None:
    path.write_bytes(b"\xff\xfe")
    network = Network(path, events=6)
    run(network.custody.begin())
    assert "cannot be read (UnicodeDecodeError)" in (network.custody.fault or "")


def test_an_event_that_is_gone_from_what_was_signed_is_named(path: Path) -> None:
    """One of the tail as one that the tree is made of."""
    Network(path, events=5).sign()
    tail = Network(path, events=6)
    body = tail.inner.body

    async def without_the_fourth(position: int) -> bytes | None:
        return None if position == 4 else await body(position)

    tail.inner.body = without_the_fourth  # type: ignore[method-assign]  # as if its row were gone
    run(tail.custody.begin())
    with pytest.raises(ReadOnly) as refused:
        tail.append()
    assert str(refused.value).startswith(
        "The log has no event at position 4. A checkpoint over the first 5 of 6 events was signed by "
    )
    assert str(refused.value).endswith(f"what the database holds of them is not whole. {WAY_OUT}")


def test_the_file_of_another_network_is_not_taken_for_this_ones(path: Path) -> None:
    text = checkpoint_text(Checkpoint("tasma/networks/toinen", 1, bytes(32)))
    path.write_text(signed(text, [FIRST]), encoding="utf-8")
    network = Network(path, events=6)
    run(network.custody.begin())
    assert (network.custody.fault or "").startswith(
        "The checkpoint kept outside the database is that of tasma/networks/toinen, not of tasma/networks/testi."
    )


@pytest.mark.parametrize("outside", [True, False])
def test_a_database_signed_for_another_network_is_flagged_at_once_and_kept_nowhere(
    path: Path, *, outside: bool
) -> None:
    """Not only at the next start, when its checkpoint would stand outside as another network's."""
    network = Network(path, events=5)
    if outside:
        network.sign()
    kept = path.read_text(encoding="utf-8") if outside else None
    network.more(2)
    theirs = MemoryTree(network.inner, "tasma/networks/toinen", (FIRST,))
    run(theirs.seal())
    own = [verifier_of(FIRST.vkey)]
    custody = Custody(network.file, network.inner, theirs, origin=ORIGIN, own=own, trust=verifier_of)
    for compare in (custody.begin, custody.judge, custody.begin):
        run(compare())
        assert custody.foreign
        assert custody.fault == (
            "The newest checkpoint inside the database is that of tasma/networks/toinen, and this process was started for "
            "tasma/networks/testi. Everything can be read, nothing is appended and nothing of it is kept outside. Connect the "
            "database of this network, or give TASMA_NETWORK the name of the one that this database belongs to."
        )
        with pytest.raises(ReadOnly):
            custody.admit()
        assert (path.read_text(encoding="utf-8") if path.exists() else None) == kept
    with pytest.raises(ReadOnly):
        run(custody.keep(run(theirs.checkpoint())))


def test_where_nothing_is_outside_yet_the_newest_from_inside_is_kept(path: Path) -> None:
    network = Network(path, events=5)
    run(network.tree.seal())
    with capture_logs() as logs:
        run(network.custody.begin())
    assert [log["event"] for log in logs] == ["custody.nothing_outside"]
    assert path.read_text(encoding="utf-8") == run(network.tree.checkpoint())
    network.append()


def test_a_place_that_cannot_be_written_stops_nothing_and_is_shown(path: Path) -> None:
    path.with_name(f"{path.name}.new").mkdir()  # what is written aside has this name
    network = Network(path, events=5)
    with capture_logs() as logs:
        network.sign()
    assert network.custody.unkept is not None
    assert network.custody.unkept.startswith("The newest checkpoint cannot be kept outside the database: ")
    assert [log["event"] for log in logs] == ["custody.unkept"]


def test_a_hash_that_was_changed_in_a_tile_is_no_fork_while_the_events_are_right(path: Path) -> None:
    """The events are asked before anybody is stopped; and they are what is believed, whatever the tiles say."""
    network = Network(path, events=5)
    note = network.sign()
    network.tree._leaves[2] = bytes(32)  # noqa: SLF001
    with capture_logs() as logs:
        run(network.custody.judge(by_root=True))
    assert network.custody.fault is None
    assert [log["event"] for log in logs] == ["custody.tiles_do_not_fit"]
    network.append()
    network.inner._kept = Network(path, events=6, seed=2).inner._kept  # noqa: SLF001
    with pytest.raises(ReadOnly, match="the history was forked"):
        run(network.custody.keep(note))


def test_what_a_key_signed_that_only_the_database_vouches_for_is_not_kept_outside(path: Path) -> None:
    network = Network(path, events=5, signers=(STRANGER,))
    run(network.tree.seal())
    own = [verifier_of(FIRST.vkey)]
    custody = Custody(network.file, network.inner, network.tree, origin=ORIGIN, own=own, trust=verifier_of)
    with capture_logs() as logs:
        run(custody.begin())
    assert [log["event"] for log in logs] == ["custody.inside_not_verified"]
    assert not path.exists()
