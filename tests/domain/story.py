"""One small network, told by commands, that the tests of later decisions begin from."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.changing import replace
from domain.kernel import Asked
from domain.revenue.events import RevenueShared
from domain.settlement.close_period import WorkedOff
from tests.given_when_then import COMMAND_ID, Given, asked, given

RULE = {
    "rounding": "largest-remainder",
    "steps": [
        {
            "take": {"fixed_cents": 15000, "per": "pathway"},
            "to": "role:referrer",
            "for": "referral fee",
            "if_unbound": "skip",
        },
        {"take": {"percent": "5", "max_cents": 20000, "per": "pathway"}, "to": "org:xamk", "for": "coordination"},
        {"take": {"per_unit_cents": 5000, "unit": "credit"}, "to": "role:provider", "for": "teaching"},
        {"take": "remaining", "to": {"split": {"org:ekami": "60", "org:ksao": "40"}}, "for": "delivery"},
    ],
}
PARTNERS = ("org:xamk", "org:ekami", "org:ksao", "org:cursor")
AGREEMENT = "agreement:kymenlaakso-2019"
OUTSIDER = asked(organisation="org:lut")


def do(so_far: Given, name: str, body: Mapping[str, Any], by: Asked | None = None) -> Given:
    return so_far.when(name, body, by).and_then()


def founded() -> Given:
    name = {"fi": "Kymenlaakson osaamisverkosto"}
    body = {"network": "kymenlaakso", "name": name, "first_period": "2019-01", "constructed": True}
    return do(given(), "found-network", body, asked("2019-01-02T09:00:00+02:00"))


def with_partners() -> Given:
    so_far = founded()
    for organisation in PARTNERS:
        body = {"organisation": organisation, "name": {"fi": organisation[4:]}, "kind": "vocational_institute"}
        so_far = do(so_far, "register-organisation", body)
        body = {"organisation": organisation, "membership": "implementer", "admitted_on": "2019-01-02"}
        so_far = do(so_far, "admit-partner", body)
    return so_far


def written(rule: Mapping[str, Any] | None = None, /, **clauses: object) -> dict[str, Any]:
    """The body of a draft or an amendment."""
    return {
        "agreement": AGREEMENT,
        "title": {"fi": "Yhteistyösopimus"},
        "parties": list(PARTNERS),
        "data_sharing": True,
        "sharing_rule": rule or RULE,
        **clauses,
    }


def drafted(rule: Mapping[str, Any] | None = None, /, **clauses: object) -> Given:
    return do(with_partners(), "draft-agreement", written(rule, **clauses))


def in_force(rule: Mapping[str, Any] | None = None, /, **clauses: object) -> Given:
    return concluded(drafted(rule, **clauses))


def concluded(so_far: Given, version: int = 1, by: Asked | None = None) -> Given:
    """A version that was written down, frozen, approved and signed by all on one day."""
    so_far = do(so_far, "freeze-agreement", {"agreement": AGREEMENT, "version": version}, by)
    for organisation in PARTNERS:
        so_far = do(so_far, "approve-agreement", approval(organisation, version), by)
    for organisation in PARTNERS:
        so_far = do(so_far, "sign-agreement", signature(organisation, version), by)
    return so_far


def amended(so_far: Given, by: Asked | None = None, version: int = 2, /, **clauses: object) -> Given:
    """Another version in force, on the day of asking."""
    return concluded(do(so_far, "amend-agreement", written(None, **clauses), by), version, by)


def approval(organisation: str, version: int = 1) -> dict[str, Any]:
    return {
        "agreement": AGREEMENT,
        "version": version,
        "organisation": organisation,
        "body": "Hallitus",
        "section": "§ 12",
        "approved_on": "2019-01-08",
    }


def signature(organisation: str, version: int = 1) -> dict[str, Any]:
    return {"agreement": AGREEMENT, "version": version, "organisation": organisation, "signed_on": "2019-01-09"}


def planned(confirm: bool = True, so_far: Given | None = None) -> Given:  # noqa: FBT001, FBT002 - one switch of a story
    so_far = so_far or in_force()
    for offering, provider in (("offering:varasto", "org:ekami"), ("offering:robotti", "org:ksao")):
        description = {"kind": "course", "name": {"fi": offering[9:]}, "price_cents": 60000}
        body = {"offering": offering, "provider": provider, "description": description}
        so_far = do(so_far, "publish-offering", body)
    body = {"pathway": "pathway:p-1", "client": "client:c-1", "organisation": "org:xamk", "roles": AGREE["roles"]}
    so_far = do(so_far, "draft-pathway", body)
    for step, offering in ((1, "offering:varasto"), (2, "offering:robotti")):
        parts = [{"part": 1, "cents": 40000}, {"part": 2, "cents": 20000}]
        proposal = {"pathway": "pathway:p-1", "step": step, "offering": offering, "parts": parts}
        so_far = do(so_far, "propose-step", proposal)
        if confirm:
            so_far = do(so_far, "confirm-step", {"pathway": "pathway:p-1", "step": step, "agreement": AGREEMENT})
    return so_far


AGREE: dict[str, Any] = {
    "pathway": "pathway:p-1",
    "agreement": AGREEMENT,
    "collected_by": "org:xamk",
    "project": None,
    "roles": [{"role": "role:referrer", "organisation": "org:cursor"}],
}


def agreed(rule: Mapping[str, Any] | None = None, /, **clauses: object) -> Given:
    """Of another rule no role is bound."""
    return do(
        planned(so_far=in_force(rule, **clauses)), "agree-pathway", AGREE if rule is None else {**AGREE, "roles": []}
    )


def delivery(step: int = 1, part: int = 1, on: str = "2019-03-05", credit: str | None = "2.5") -> dict[str, Any]:
    return {
        "pathway": "pathway:p-1",
        "step": step,
        "part": part,
        "delivered_on": on,
        "quantities": [] if credit is None else [{"unit": "credit", "quantity": credit}],
    }


def delivered(**clauses: object) -> Given:
    return do(agreed(**clauses), "deliver-step", delivery())


def sharing(step: int = 1, part: int = 1) -> dict[str, Any]:
    return {"pathway": "pathway:p-1", "step": step, "part": part, "agreement": AGREEMENT}


def shared(**clauses: object) -> Given:
    return do(delivered(**clauses), "share-revenue", sharing())


def entry_of(so_far: Given) -> RevenueShared:
    """What was shared last."""
    event = so_far.history[-1]
    assert isinstance(event, RevenueShared)
    return event


def person(name: str, organisation: str | None = None, at: str = "2019-04-11T09:00:00+03:00") -> Asked:
    """Somebody by name, of an organisation or the coordinator."""
    return replace(asked(at, organisation), actor=f"person:{name}")


def numbered(number: int, by: Asked | None = None) -> Asked:
    """A command of its own in a story of several: what it makes gets ids of its own."""
    return replace(by or asked(), command_id=UUID(int=COMMAND_ID.int + number))


def later(at: str, by: Asked) -> Asked:
    """The same asker at another time."""
    return replace(by, at=datetime.fromisoformat(at).astimezone(UTC))


def mentored(so_far: Given) -> Given:
    """The client of the pathway has a mentor, of a partner that only mentors."""
    body = {"mentor": "mentor:m-1", "organisation": "org:cursor", "capacity": 5}
    return do(do(so_far, "nominate-mentor", body), "assign-mentee", {"mentor": "mentor:m-1", "client": "client:c-1"})


def session(number: int = 1, hours: str = "1.5", pathway: str | None = "pathway:p-1") -> dict[str, Any]:
    return {
        "session": f"session:s-{number}",
        "mentor": "mentor:m-1",
        "client": "client:c-1",
        "held_on": "2019-03-05",
        "hours": hours,
        "pathway": pathway,
    }


def completed(so_far: Given) -> Given:
    return do(so_far, "complete-pathway", {"pathway": "pathway:p-1"})


def closed(so_far: Given, *periods: str, at: str = "2019-05-02T09:00:00+03:00") -> Given:
    for period in periods:
        so_far = closing(so_far, period, at).and_then()
    return so_far


def march_closed() -> Given:
    """The first three months of a network that has nothing else yet."""
    return closed(founded(), "2019-01", "2019-02", "2019-03")


def closing(
    so_far: Given, period: str, at: str, mark: int = 9, last_before_end: int = 9, *, settled: bool = True
) -> Given:
    worked_off = WorkedOff(mark=mark, last_before_end=last_before_end, settled=settled)
    return so_far.when("close-period", {"period": period}, asked(at), worked_off=worked_off)
