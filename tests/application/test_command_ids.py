"""One idempotency key stands for one command: its name and its body, both."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryDocuments, MemoryLog, MemoryMarks
from application.ports import CommandIdReused
from tests.domain.story import AGREEMENT
from tests.invariants.network import START, PlayedNetwork

KEY = UUID("0168f4a2-7c00-7123-9abc-0123456789ab")
REFERRAL = {"referral": "referral:r-1"}
CAPACITY = {"mentor": "mentor:m-0", "capacity": 3}


async def with_a_referral() -> PlayedNetwork:
    log = MemoryLog("/networks/t", SeededEntropy(1), lambda: START)
    network = PlayedNetwork(log, MemoryMarks(), MemoryDocuments(), SeededEntropy(2))
    await network.found()
    sending = {**REFERRAL, "client": "client:c-1", "need": "logistics", "agreement": AGREEMENT}
    await network.do("send-referral", {**sending, "sender": "org:xamk", "receiver": "org:ekami"})
    return network


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("set-mentor-capacity", CAPACITY), ("set-mentor-capacity", {**CAPACITY, "capacity": 4})),
        (("accept-referral", REFERRAL), ("accept-referral", {"referral": "referral:r-2"})),
        (("accept-referral", REFERRAL), ("expire-referral", REFERRAL)),
    ],
    ids=["another-body", "another-body-that-is-refused-by-itself", "another-name"],
)
def test_a_key_that_was_used_serves_no_other_command(
    first: tuple[str, Mapping[str, Any]], second: tuple[str, Mapping[str, Any]]
) -> None:
    """What was asked last is never taken for done because something else was."""

    async def play() -> None:
        network = await with_a_referral()
        done = await network.do(*first, key=KEY)
        assert not done.repeated
        with pytest.raises(CommandIdReused) as refused:
            await network.do(*second, key=KEY)
        assert str(refused.value) == (
            "This idempotency key was used for another command or body before; use a new key for a new command."
        )
        assert len(await network.events()) == done.position
        again = await network.do(*first, key=KEY)
        assert (again.position, again.events, again.repeated) == (done.position, done.events, True)

    asyncio.run(play())
