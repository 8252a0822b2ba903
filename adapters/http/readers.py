"""Who may ask what: every route names its readers, and nobody else is one."""

from collections.abc import Callable

from msgspec import Struct

from application.desk import Asker
from application.visibility import sees_all


class Readers(Struct, frozen=True):
    """Who a question is for. To everybody else its path does not exist."""

    says: str
    admit: Callable[[Asker], bool]


def is_member(asker: Asker) -> bool:
    """One who acts or reads for an organisation."""
    return asker.role in ("partner", "subscriber")


OVERSEERS = Readers("coordinator, auditor of the whole network", sees_all)
MEMBERS = Readers(
    "coordinator, auditor of the whole network; partner and subscriber: what their organisation may see",
    lambda asker: sees_all(asker) or is_member(asker),
)
GUIDES = Readers(
    "coordinator, auditor of the whole network; partner and subscriber: what their organisation may see; "
    "mentor: own clients, without money",
    lambda asker: sees_all(asker) or is_member(asker) or asker.role == "mentor",
)
KNOWN = Readers("everyone with a token, each what they may see", lambda _: True)
