"""What is refused to whom subscribes, or wants something of a subscription."""

import math
from datetime import datetime, timedelta

from application.subscriptions import SECRETS_MAX, SUBSCRIPTIONS_MAX, TEST_REST, Subscription
from domain.kernel import Refused, Unknown


class NoSuchSubscription(Unknown):
    def __init__(self, subscription_id: str) -> None:
        super().__init__(f"subscription {subscription_id:.80}")


class TooManySubscriptions(Refused):
    def __init__(self, owner: str) -> None:
        super().__init__(
            f"{owner} has {SUBSCRIPTIONS_MAX} subscriptions, and no more are kept for one organisation; delete one first."
        )


class TooManySecrets(Refused):
    def __init__(self, until: datetime) -> None:
        super().__init__(
            f"{SECRETS_MAX} secrets sign at once already; the next can be made when the oldest ends, {until.isoformat()}, or at once with "
            '{"keep_old": false}, which ends all of them.'
        )


class TestedJustNow(Refused):
    def __init__(self, left: timedelta) -> None:
        self.seconds = math.ceil(left.total_seconds())
        """Until the next one."""
        super().__init__(
            f"A test was sent less than {TEST_REST.seconds} seconds ago; send the next in {self.seconds} s or later."
        )


class TokenNotTheirs(Refused):
    """The subscription's token is no longer good, and who asks could not read the same by their own."""

    def __init__(self, why: Refused, known: Subscription) -> None:
        theirs = known.role == "coordinator" or known.organisation is not None
        same = "of the same role and organisation" if theirs else f"of the same role that was issued to {known.owner}"
        super().__init__(
            f"The token that this subscription reads with is no longer good: {why} Whoever has one {same} resumes it with that."
        )
