"""One small network, told by commands, that the tests of later decisions begin from."""

from collections.abc import Mapping
from typing import Any

from domain.kernel import Asked
from domain.settlement.close_period import WorkedOff
from tests.given_when_then import Given, asked, given

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


def drafted(rule: Mapping[str, Any] | None = None) -> Given:
    body = {
        "agreement": AGREEMENT,
        "title": {"fi": "Yhteistyösopimus"},
        "parties": list(PARTNERS),
        "data_sharing": True,
        "sharing_rule": rule or RULE,
    }
    return do(with_partners(), "draft-agreement", body)


def in_force(rule: Mapping[str, Any] | None = None) -> Given:
    so_far = do(drafted(rule), "freeze-agreement", {"agreement": AGREEMENT, "version": 1})
    for organisation in PARTNERS:
        so_far = do(so_far, "approve-agreement", approval(organisation))
    for organisation in PARTNERS:
        so_far = do(so_far, "sign-agreement", signature(organisation))
    return so_far


def approval(organisation: str) -> dict[str, Any]:
    return {
        "agreement": AGREEMENT,
        "version": 1,
        "organisation": organisation,
        "body": "Hallitus",
        "section": "§ 12",
        "approved_on": "2019-01-08",
    }


def signature(organisation: str) -> dict[str, Any]:
    return {"agreement": AGREEMENT, "version": 1, "organisation": organisation, "signed_on": "2019-01-09"}


def planned(confirm: bool = True) -> Given:  # noqa: FBT001, FBT002 - one switch of a story
    so_far = in_force()
    for offering, provider in (("offering:varasto", "org:ekami"), ("offering:robotti", "org:ksao")):
        description = {"kind": "course", "name": {"fi": offering[9:]}, "price_cents": 60000}
        body = {"offering": offering, "provider": provider, "description": description}
        so_far = do(so_far, "publish-offering", body)
    body = {"pathway": "pathway:p-1", "client": "client:c-1", "organisation": "org:xamk"}
    so_far = do(so_far, "draft-pathway", body)
    for step, offering in ((1, "offering:varasto"), (2, "offering:robotti")):
        parts = [{"part": 1, "cents": 40000}, {"part": 2, "cents": 20000}]
        proposal = {"pathway": "pathway:p-1", "step": step, "offering": offering, "parts": parts}
        so_far = do(so_far, "propose-step", proposal)
        if confirm:
            so_far = do(so_far, "confirm-step", {"pathway": "pathway:p-1", "step": step, "agreement": AGREEMENT})
    return so_far


AGREE = {
    "pathway": "pathway:p-1",
    "agreement": AGREEMENT,
    "collected_by": "org:xamk",
    "project": None,
    "roles": [{"role": "role:referrer", "organisation": "org:cursor"}],
}


def agreed() -> Given:
    return do(planned(), "agree-pathway", AGREE)


def delivery(step: int = 1, part: int = 1, on: str = "2019-03-05") -> dict[str, Any]:
    return {
        "pathway": "pathway:p-1",
        "step": step,
        "part": part,
        "delivered_on": on,
        "quantities": [{"unit": "credit", "quantity": "2.5"}],
    }


def delivered() -> Given:
    return do(agreed(), "deliver-step", delivery())


def sharing(step: int = 1, part: int = 1) -> dict[str, Any]:
    return {"pathway": "pathway:p-1", "step": step, "part": part, "agreement": AGREEMENT}


def shared() -> Given:
    return do(delivered(), "share-revenue", sharing())


def closing(
    so_far: Given, period: str, at: str, mark: int = 9, last_before_end: int = 9, *, settled: bool = True
) -> Given:
    worked_off = WorkedOff(mark=mark, last_before_end=last_before_end, settled=settled)
    return so_far.when("close-period", {"period": period}, asked(at), worked_off=worked_off)
