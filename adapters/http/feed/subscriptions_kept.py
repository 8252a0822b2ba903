"""What owners do with their subscriptions over HTTP: test, pause, resume, replay, and change the secret."""

from typing import Annotated

import msgspec
from litestar import Response
from msgspec import Meta, Struct

from adapters.http.asking import asker_of, check_content_type, token_id_of
from adapters.http.feed.subscriptions import (
    PATH,
    PROBLEMS,
    SENT_PROBLEMS,
    SUBSCRIBERS,
    Subscribed,
    json_of,
    named,
    said,
    shown,
)
from adapters.http.network import Asked, network_of
from adapters.http.route import Route
from adapters.webhooks.standing import Standing
from application.subscriptions import STAYS_PARKED, Attempt
from domain.changing import replace

ONE = f"{PATH}/{{subscription}}"
DONE = {"200": "Done, or it was so already."}


class From(Struct, frozen=True, forbid_unknown_fields=True):
    """From where on to deliver again."""

    after: Annotated[int, Meta(ge=0, lt=2**62)]
    """The position behind which to begin; 0: from the first."""


class Rotate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of the secrets there are."""

    keep_old: bool = True
    """Whether they sign along for 24 hours; false: nothing is signed with them any more, as is needed where one has leaked."""


async def test(request: Asked) -> Response[bytes]:
    network = network_of(request)
    check_content_type(request)
    return json_of(await network.subscriptions.test(named(request), await asker_of(request, network)))


async def pause(request: Asked) -> Response[bytes]:
    network = network_of(request)
    check_content_type(request)
    done = await network.subscriptions.pause(named(request), await asker_of(request, network))
    standing = await shown(network, done)
    return json_of(replace(standing, why=f"{STAYS_PARKED} {done.why}") if done.state == "parked" else standing)


async def resume(request: Asked) -> Response[bytes]:
    network = network_of(request)
    check_content_type(request)
    asker = await asker_of(request, network)
    done = await network.subscriptions.resume(named(request), asker, token_id_of(request))
    return json_of(await shown(network, done))


async def replay(request: Asked) -> Response[bytes]:
    network = network_of(request)
    asker = await asker_of(request, network)
    wanted = await said(request, From, '{"after": N}: the position behind which to begin, 0 for all')
    done = await network.subscriptions.replay(named(request), asker, token_id_of(request), wanted.after)
    return json_of(await shown(network, done))


async def rotate(request: Asked) -> Response[bytes]:
    network = network_of(request)
    check_content_type(request)
    asker = await asker_of(request, network)
    wanted = await said(request, Rotate, Rotate())
    made = await network.subscriptions.rotate(named(request), asker, keep_old=wanted.keep_old)
    return json_of(Subscribed(await shown(network, made.subscription), made.secret))


test_subscription = Route(
    name="test-subscription",
    path=f"{ONE}/test",
    method="post",
    readers=SUBSCRIBERS,
    says="Deliver a batch without events now, signed as all are, and say what came of it.",
    gives={"application/json": Attempt},
    statuses={"200": "Sent; `why` is empty where it arrived."},
    respond=test,
    problems=PROBLEMS | {"409", "415", "429"},
)
pause_subscription = Route(
    name="pause-subscription",
    path=f"{ONE}/pause",
    method="post",
    readers=SUBSCRIBERS,
    says="Deliver nothing more until it is resumed or replayed; nothing is lost by that. One that is parked stays parked, and `why` says "
    "so.",
    gives={"application/json": Standing},
    statuses=DONE,
    respond=pause,
    problems=PROBLEMS | {"415"},
)
resume_subscription = Route(
    name="resume-subscription",
    path=f"{ONE}/resume",
    method="post",
    readers=SUBSCRIBERS,
    says="Go on at once where it stopped. Where its token is no longer good, the one that resumes it takes its place, if it has the "
    "same role and organisation. Where the log was put back, it goes on from the log as it is now.",
    gives={"application/json": Standing},
    statuses=DONE,
    respond=resume,
    problems=PROBLEMS | {"409", "415"},
)
replay_subscription = Route(
    name="replay-subscription",
    path=f"{ONE}/replay",
    method="post",
    readers=SUBSCRIBERS,
    says="Deliver everything behind a position again, under new delivery ids. A subscription that is paused or parked is active again by "
    "that, as if resumed; where its token is no longer good, the one that replays it takes its place as in `resume`.",
    takes={"application/json": msgspec.json.encode({"after": 0}).decode()},
    wants=From,
    gives={"application/json": Standing},
    statuses={"200": "It begins there now."},
    respond=replay,
    problems=SENT_PROBLEMS,
)
rotate_secret = Route(
    name="rotate-secret",
    path=f"{ONE}/rotate-secret",
    method="post",
    readers=SUBSCRIBERS,
    says="A new secret, shown this once. For 24 hours deliveries are signed with the old ones as well: whoever checks with any of them "
    "is right; four sign at most. Where one has leaked, `keep_old: false` ends the old ones at once, however many there are. The "
    "body may be left out.",
    takes={"application/json": msgspec.json.encode({"keep_old": True}).decode()},
    wants=Rotate,
    gives={"application/json": Subscribed},
    statuses={"200": "It signs from now on."},
    respond=rotate,
    problems=SENT_PROBLEMS,
)
