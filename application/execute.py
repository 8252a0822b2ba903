"""One way in: look, decide, append; look again if something inside the boundary was faster."""

import hashlib

import structlog

from application.ports import Decision, Log, Outcome, Raced, Unavailable
from application.registry import DECIDERS
from domain.canonical import canonical
from domain.kernel import Command, Refused, command_name, filled_fields

logger = structlog.get_logger()

ATTEMPTS_MAX = 12


async def execute(command: Command, log: Log) -> Outcome:
    """Carry out a command, once however often it is sent.

    Raises Refused (with its sentence) when the domain says no, Unavailable when the log cannot be reached or twelve races
    in a row were lost. A repeat is recognised even where the decision would be refused by now.
    """
    name = command_name(type(command))
    decider = DECIDERS[name]
    boundary = decider.boundary(command)
    digest = digest_of(command)
    for attempt in range(1, ATTEMPTS_MAX + 1):
        history = await log.look(boundary)
        try:
            events = decider(command, (recorded.data for recorded in history.events))
        except Refused:
            if earlier := await log.recall(command.asked.command_id, digest):
                return earlier
            raise
        try:
            outcome = await log.append(
                Decision(events=events, asked=command.asked, digest=digest, unless=boundary, after=history.head)
            )
        except Raced:
            logger.debug("command.raced", command=name, attempt=attempt)
            continue
        logger.debug("command.done", command=name, position=outcome.position, repeated=outcome.repeated)
        return outcome
    raise Unavailable(f"{name} lost {ATTEMPTS_MAX} races in a row; try again in a moment.")


def digest_of(command: Command) -> bytes:
    """SHA-256 of name and body; time, asker and what the application filled in are no part of the body."""
    filled = filled_fields(type(command))
    body = {f: getattr(command, f) for f in command.__struct_fields__ if f not in filled}
    return hashlib.sha256(command_name(type(command)).encode() + b"\n" + canonical(body)).digest()
