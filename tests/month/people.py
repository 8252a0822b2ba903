"""Who takes part in the month: three partners with two people each, two of the network's office, an auditor, a stranger's token."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from application.access import Wish

XAMK, EKAMI, CURSOR = "org:xamk", "org:ekami", "org:cursor"
PARTNERS: Final = (CURSOR, EKAMI, XAMK)
NAMES: Final[Mapping[str, str]] = {
    XAMK: "Kaakkois-Suomen ammattikorkeakoulu Oy",
    EKAMI: "Etelä-Kymenlaakson ammattiopisto",
    CURSOR: "Cursor Oy",
}
BUSINESS_IDS: Final[Mapping[str, str]] = {XAMK: "2472908-2", EKAMI: "1958694-5", CURSOR: "0161075-9"}
IBANS: Final[Mapping[str, str]] = {
    XAMK: "FI2112345600000785",
    EKAMI: "FI1410093000123458",
    CURSOR: "FI5542345670000081",
}
BICS: Final[Mapping[str, str]] = {XAMK: "NDEAFIHH", EKAMI: "OKOYFIHH", CURSOR: "DABAFIHH"}
AGREEMENT: Final = "agreement:kuukausi"
RULE: Final[Mapping[str, Any]] = {
    "rounding": "largest-remainder",
    "steps": [
        {"take": {"percent": "10"}, "to": XAMK, "for": "coordination"},
        {
            "take": {"per_unit_cents": 3_500, "unit": "mentor_hour"},
            "to": "role:mentor",
            "for": "mentoring",
            "if_unbound": "skip",
        },
        {"take": "remaining", "to": "role:provider", "for": "delivery"},
    ],
}
COST_KEY: Final[Mapping[str, Any]] = {
    "name": "web-service",
    "for": "shared web service",
    "paid_by": CURSOR,
    "costs": {"split": {XAMK: "1", EKAMI: "1", CURSOR: "1"}},
}


def short(organisation: str) -> str:
    return organisation.removeprefix("org:")


def checker(organisation: str) -> str:
    """Who goes through a partner's statements, and does its daily work."""
    return f"{short(organisation)} checker"


def approver(organisation: str) -> str:
    """Who decides for a partner; never who checked."""
    return f"{short(organisation)} approver"


def _of_partner(organisation: str) -> Mapping[str, Wish]:
    office = f"person:{short(organisation)}"
    return {
        checker(organisation): Wish(
            role="partner",
            organisation=organisation,
            subject=f"{office}-1",
            scopes=frozenset({"content", "finance-check"}),
        ),
        approver(organisation): Wish(
            role="partner", organisation=organisation, subject=f"{office}-2", scopes=frozenset({"finance-approve"})
        ),
    }


COORDINATOR, TREASURER, AUDITOR = "coordinator", "treasurer", "auditor"
BOTH_OFFICES: Final = "ekami checker with another token"
WISHES: Final[Mapping[str, Wish]] = {
    COORDINATOR: Wish(role="coordinator", subject="person:office-1"),
    TREASURER: Wish(role="coordinator", subject="person:office-2"),
    AUDITOR: Wish(role="auditor", subject="person:auditor", expires_on=date(2199, 12, 31)),
    **_of_partner(XAMK),
    **_of_partner(EKAMI),
    **_of_partner(CURSOR),
    BOTH_OFFICES: Wish(
        role="partner", organisation=EKAMI, subject="person:ekami-1", scopes=frozenset({"finance-approve"})
    ),
}
"""By what they are called here. One person of ekami holds two tokens, one for each office."""
