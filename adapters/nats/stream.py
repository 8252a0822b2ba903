"""A network's stream, over one connection: event n of the log is message n of the stream, for good.

Each message is published with the number of the one before it as the last that the stream is to hold. So the server itself
refuses a gap, a double and a relay that is behind, however long ago something was sent and whoever sent it. (The id of the last
message would not do: the server forgets it when it is started again later than the duplicate window.)

An acknowledgement is no proof: whoever may listen to the subjects sees where it is expected, and can send one. The stream's own
end is.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError, ProtocolError
from nats.js.api import Header, StatusCode
from nats.js.errors import APIError, BadRequestError, NotFoundError

from adapters.nats.message import POSITION, Message
from adapters.nats.setup import check_setup, check_whole, name_of, setup_of
from adapters.nats.trouble import Denied, Overtaken, StreamRefused, Trouble, trouble_of
from application.envelope import UNREADABLE

T = TypeVar("T")
IN_FLIGHT: Final = 256
"""Messages that are sent before the first of them is acknowledged."""
ANSWER_SECONDS: Final = 5.0
"""For an acknowledgement, and for what the server is asked."""
_WRONG_LAST_SEQUENCE: Final = 10_071
_NOT_CLUSTERED: Final = 10_074


class _Fault(Struct):
    code: int
    err_code: int = 0
    description: str = ""


class _Answer(Struct):
    """What a server says of a message that it was sent."""

    stream: str = ""
    seq: int = 0
    error: _Fault | None = None


_answer = msgspec.json.Decoder(_Answer).decode
_NOBODY: Final = _Answer(error=_Fault(503, description="no stream takes the message"))


class Stream:
    """One connection's view of it. `connected` makes one."""

    def __init__(self, client: Client, network: str, secrets: Sequence[str]) -> None:
        self.name = name_of(network)
        self._network, self._secrets = network, secrets
        self._client = client
        self._js = client.jetstream(timeout=ANSWER_SECONDS)
        self._inbox = client.new_inbox()
        self._flying: dict[int, asyncio.Future[_Answer]] = {}
        """By position, the oldest first."""
        self._over: asyncio.Future[Trouble] = asyncio.get_running_loop().create_future()
        """What ended it: nobody waits for what cannot come any more."""

    async def listen(self) -> None:
        """Take in acknowledgements. Raises Trouble."""
        if not self._client.is_connected:  # it goes on as if it were, if neither its greeting is answered nor refused
            raise self._trouble(ProtocolError())
        await self._asked(self._client.subscribe(f"{self._inbox}.*", cb=self._take))

    async def find(self, replicas: int | None = None) -> int | None:
        """The position where it ends; None where there is no such stream. Raises StreamRefused and Trouble.

        replicas: how many copies it has to have; None: however many it has.
        """
        try:
            return await self._asked(self._found(replicas), NotFoundError, StreamRefused)
        except NotFoundError:
            return None

    async def event(self, position: int) -> bytes:
        """The event there. Raises StreamRefused and Trouble."""
        return await self._asked(self._read(position), StreamRefused)

    async def make(self, replicas: int) -> None:
        """Make it. Raises StreamRefused and Trouble."""
        try:
            await self._asked(self._js.add_stream(setup_of(self._network, replicas)), APIError)
        except APIError as error:
            if isinstance(error, BadRequestError) or error.err_code == _NOT_CLUSTERED:
                raise StreamRefused(
                    f"The stream {self.name} with {replicas} copies cannot be made; the server says: {error.description}."
                ) from error
            raise self._trouble(error) from None

    async def publish(self, position: int, message: Message) -> None:
        """Send what comes next, and wait while too much is under way. Raises Overtaken and Trouble."""
        if len(self._flying) >= IN_FLIGHT:
            await self._land()
        self.check_alive()
        headers = {**message.headers, Header.EXPECTED_LAST_SEQUENCE.value: str(position - 1)}
        # The client's own way to publish without waiting loses what the server refuses (2.16: `APIError.from_error` raises).
        self._flying[position] = asyncio.get_running_loop().create_future()
        try:
            await self._client.publish(message.subject, message.data, f"{self._inbox}.{position}", headers)
        except Exception as error:  # noqa: BLE001 - as everywhere: what the client raises becomes a sentence
            raise self._trouble(error) from None

    async def landed(self) -> None:
        """Wait until all that was sent is acknowledged. Raises Overtaken and Trouble."""
        while self._flying:
            await self._land()

    def check_alive(self) -> None:
        """Raises Trouble where the connection is gone, or the server said that it is of no use."""
        if self._over.done():
            raise self._over.result()

    def note(self, error: Exception) -> None:
        """What the server says by itself; a denial ends all waiting."""
        trouble = self._trouble(error)
        if isinstance(trouble, Denied):
            self._end(trouble)

    async def lost(self) -> None:
        """The connection is closed."""
        self._end(self._trouble(ConnectionClosedError()))

    async def _found(self, replicas: int | None) -> int:
        info = await self._js.stream_info(self.name)
        check_setup(self._network, info.config, replicas)
        check_whole(self._network, info.state)
        return info.state.last_seq

    async def _read(self, position: int) -> bytes:
        try:
            message = await self._js.get_msg(self.name, seq=position)
        except NotFoundError:
            raise StreamRefused(
                f"The stream {self.name} has lost its message {position:,}, so it cannot be compared with the log. Take it away, and "
                "the relay makes it anew."
            ) from None
        said = (message.headers or {}).get(POSITION)
        if said != str(position):
            raise StreamRefused(
                f"The message {position:,} of the stream {self.name} says Tasma-Position: {ascii(said[:20]) if said else 'nothing'}. "
                "In a stream that a relay filled the two are the same; take this one away, and the relay makes it anew."
            )
        return message.data or b""

    async def _land(self) -> None:
        """Wait for the acknowledgement of the oldest."""
        position, future = next(iter(self._flying.items()))
        if not future.done():
            await self._first(future, ANSWER_SECONDS)
        if not future.done():
            raise self._trouble(TimeoutError())
        answer = future.result()
        if answer.error is not None and answer.error.err_code != _WRONG_LAST_SEQUENCE:
            fault = answer.error
            raise self._trouble(APIError(fault.code, fault.description, fault.err_code))
        if answer.error is not None or answer.seq != position:
            raise Overtaken
        del self._flying[position]

    async def _take(self, message: Msg) -> None:
        """An answer to what was sent; of what others send in its place none is counted."""
        number = message.subject.rpartition(".")[2]
        future = self._flying.get(int(number)) if number.isdecimal() else None
        if future is None or future.done():
            return
        if (message.headers or {}).get(Header.STATUS.value) == StatusCode.SERVICE_UNAVAILABLE.value:
            future.set_result(_NOBODY)
            return
        try:
            answer = _answer(message.data)
        except UNREADABLE:
            return
        if answer.stream == self.name or (answer.error is not None and not answer.stream):
            future.set_result(answer)

    async def _asked(self, what: Coroutine[object, object, T], *but: type[Exception]) -> T:
        """What the server answers, unless it is over before. Raises Trouble for every error, except those named."""
        asking = asyncio.create_task(what)
        try:
            await self._first(asking)
            return asking.result()
        except but:
            raise
        except Exception as error:  # noqa: BLE001 - whatever answers there, the client may trip over it in any way
            raise self._trouble(error) from None
        finally:
            asking.cancel()
            asking.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _first(self, wanted: asyncio.Future[T], seconds: float | None = None) -> None:
        """Wait for that, or until the time is up. Raises Trouble where it is over before."""
        both: set[asyncio.Future[Any]] = {wanted, self._over}
        await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not wanted.done():
            self.check_alive()

    def _trouble(self, error: Exception) -> Trouble:
        if isinstance(error, ConnectionClosedError):
            error = self._client.last_error or error  # why it was closed
        return trouble_of(error, self._secrets)

    def _end(self, trouble: Trouble) -> None:
        if not self._over.done():
            self._over.set_result(trouble)
