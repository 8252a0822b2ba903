"""One event, exactly as it is stored."""

import re
from typing import Any

from msgspec import MsgspecError

from adapters.http.readers import KNOWN
from adapters.http.reading import Asking, Found, Read, until
from application.desk import Asker
from application.envelope import decode
from application.visibility import may_see, sees_all
from domain.kernel import Unknown

MEDIA_TYPE = "application/cloudevents+json"


async def answer(asking: Asking) -> Found:
    text, log = asking.path["position"], asking.network.log
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text, re.ASCII):
        raise Unknown(f"event {text}")
    position = int(text)
    if asking.query.at_least:
        await until(asking.network, asking.query.at_least)
    body = await log.body(position)
    known_then = asking.as_of is None or position <= asking.as_of
    if body is None or not known_then or not is_for(asking.asker, body):
        raise Unknown(f"event {text}")
    return Found(body, position, MEDIA_TYPE)


def is_for(asker: Asker, body: bytes) -> bool:
    """Whether somebody may see an event. Of one that cannot be decoded nobody can tell whom it is for but those who see all."""
    if sees_all(asker):
        return True
    try:
        return may_see(asker, decode(body))
    except MsgspecError:
        return False


one_event = Read(
    name="event",
    path="/v1/events/{position}",
    says="The event at a position of the log: the exact bytes that are hashed, served and archived.",
    readers=KNOWN,
    gives=dict[str, Any],
    answer=answer,
    media_types=(MEDIA_TYPE,),
)
