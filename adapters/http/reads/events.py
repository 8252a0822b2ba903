"""One event, exactly as it is stored."""

import re
from typing import Any

from adapters.http.readers import KNOWN
from adapters.http.reading import Asking, Found, Read, until
from application.envelope import decode
from application.visibility import may_see
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
    if body is None or not known_then or not may_see(asking.asker, decode(body)):
        raise Unknown(f"event {text}")
    return Found(body, position, MEDIA_TYPE)


one_event = Read(
    name="event",
    path="/v1/events/{position}",
    says="The event at a position of the log: the exact bytes that are hashed, served and archived.",
    readers=KNOWN,
    gives=dict[str, Any],
    answer=answer,
    media_types=(MEDIA_TYPE,),
)
