"""A server that is told to stop ends what it has open by saying so, and is gone before anybody has to kill it."""

import asyncio
import time

import httpx

from adapters.http.serve import KILL_AFTER_SECONDS
from tests.custody.served import Served
from tests.custody.test_workers import served
from tests.feed.test_stream import Follower, client, stored

__all__ = ["served"]


def test_streams_and_waiting_questions_do_not_keep_a_server_from_stopping(served: Served) -> None:
    async def promise() -> None:
        head = len(stored(served))
        followers = [Follower(served) for _ in range(20)]
        async with client() as one:
            following = [asyncio.create_task(f.follow(one, head + 1)) for f in followers]
            while not all(f.position == head for f in followers):  # noqa: ASYNC110 - seen from outside only
                await asyncio.sleep(0.02)
            question = f"{served.url}/v1/feed?after={head}&wait=30"
            waiting = [asyncio.create_task(one.get(question, headers=served.headers)) for _ in range(5)]
            await asyncio.sleep(0.5)  # they are on their way
            began = time.monotonic()
            served.process.terminate()
            await asyncio.gather(*following)
            answers: list[httpx.Response] = await asyncio.gather(*waiting)
            await asyncio.to_thread(served.process.wait, KILL_AFTER_SECONDS)
            assert time.monotonic() - began < KILL_AFTER_SECONDS / 2
        assert {(a.status_code, a.content, a.headers["tasma-position"]) for a in answers} == {(200, b"[]", str(head))}
        why = "This server is stopping; ask again in a moment, another one goes on where this one ended."
        assert [f.ends for f in followers] == [[f'{{"after":{head},"why":"{why}"}}']] * 20

    asyncio.run(promise())
