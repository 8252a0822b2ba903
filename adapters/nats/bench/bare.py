"""Publishing to JetStream with nothing but the client: as many under way as the relay has, each acknowledged, in a file as well."""

from collections import deque
from collections.abc import Awaitable, Sequence
from typing import Final

from nats.aio.client import Client
from nats.js.api import PubAck, StorageType, StreamConfig

from adapters.nats.stream import ANSWER_SECONDS, IN_FLIGHT

SUBJECT: Final = "bare.event"


async def publish_bare(address: str, bodies: Sequence[bytes]) -> None:
    """Publish into a stream of its own, which goes afterwards. Raises what the client raises."""
    client = Client()
    await client.connect(address, allow_reconnect=False)
    try:
        stream = client.jetstream(timeout=ANSWER_SECONDS, publish_async_max_pending=IN_FLIGHT + 1)
        await stream.add_stream(StreamConfig(name="BARE", subjects=[SUBJECT], storage=StorageType.FILE))
        flying = deque[Awaitable[PubAck]]()
        for body in bodies:
            if len(flying) >= IN_FLIGHT:
                await flying.popleft()
            flying.append(await stream.publish_async(SUBJECT, body))
        for each in flying:
            await each
        await stream.delete_stream("BARE")
    finally:
        await client.close()
