"""`tasma status` says how each subscription is doing, and of those that stand still why."""

from datetime import UTC, datetime

from adapters.cli.status import Catalogue, NetworkStatus, Sealed, Signed, sentences
from adapters.webhooks.standing import Standing


def test_what_stands_still_is_told_with_the_reason() -> None:
    one = Standing(
        id="sub_1",
        owner="org:xamk",
        role="partner",
        url="https://hooks.example.org/",
        types=(),
        about=(),
        created_at=datetime(2019, 3, 1, tzinfo=UTC),
        state="parked",
        why="The receiver answered 410 Gone: it wants nothing more. Resume when it does.",
        cursor=3,
        lag_events=7,
        lag_seconds=1.0,
        failing_since=None,
        next_attempt_at=None,
        last_attempt=None,
        old_secrets_until=None,
    )
    found = NetworkStatus(
        network="t",
        constructed=False,
        head=10,
        time=datetime(2019, 3, 1, tzinfo=UTC),
        read_only=None,
        sealed=Sealed(pages=0, lag_events=10, lag_seconds=0.0),
        checkpoint=Signed(0, None, 10, 1.0, "/kept"),
        verified=None,
        catalogue=Catalogue(1, 1),
        projections=(),
        policies=(),
        subscriptions=(one,),
    )
    assert (
        "Nothing is delivered to sub_1 of org:xamk: The receiver answered 410 Gone: it wants nothing more. Resume when it does."
        in sentences(found)
    )
