"""`tasma allocate`: a rule on paper applied to an amount, with its reasons."""

import msgspec

from domain.money import allocate, parse_rule

RULE = parse_rule(
    {
        "rounding": "largest-remainder",
        "steps": [
            {
                "take": {"fixed_cents": 15000, "per": "pathway"},
                "to": "role:referrer",
                "for": "referral fee",
                "if_unbound": "skip",
            },
            {"take": {"percent": "5", "max_cents": 20000, "per": "pathway"}, "to": "org:xamk", "for": "coordination"},
            {"take": {"per_unit_cents": 5000, "unit": "credit"}, "to": "role:provider"},
            {"take": "remaining", "to": {"split": {"org:ekami": "60", "org:ksao": "40"}}, "for": "delivery"},
        ],
    }
)


def test_the_printed_form() -> None:
    """Merged per target in order of first appearance, zero shares left out, each clause explained."""
    printed = allocate(
        RULE, 100_000, bind={"role:provider": "org:xamk"}, quantities={"credit": "5"}, taken={"steps[0]": 15_000}
    )
    assert msgspec.json.decode(msgspec.json.encode(printed)) == {
        "shares": [
            {"to": "org:xamk", "cents": 30_000, "for": "coordination"},
            {"to": "org:ekami", "cents": 42_000, "for": "delivery"},
            {"to": "org:ksao", "cents": 28_000, "for": "delivery"},
        ],
        "kept_cents": 0,
        "explanation": [
            (
                "steps[0] (referral fee): role:referrer gets €0.00. A fixed sum of €150.00; once per pathway, €150.00"
                " taken before, so €0.00."
            ),
            (
                "steps[1] (coordination): org:xamk gets €50.00. 5% of €1,000.00 is €50.00; at most €200.00 per pathway"
                " with €0.00 taken before, so €50.00."
            ),
            "steps[2]: org:xamk gets €250.00. 5 credits \u00d7 €50.00 is €250.00.",
            (
                "steps[3].to.split[0] (delivery): org:ekami gets €420.00. Earlier clauses took €300.00 of €1,000.00,"
                " leaving €700.00; 60/100 of €700.00 is €420.00."
            ),
            (
                "steps[3].to.split[1] (delivery): org:ksao gets €280.00. Earlier clauses took €300.00 of €1,000.00,"
                " leaving €700.00; 40/100 of €700.00 is €280.00."
            ),
        ],
    }


def test_roles_stay_symbolic() -> None:
    """A draft can be tried out before anybody has a role."""
    shares = allocate(RULE, 100_000, quantities={"credit": "1"}).shares
    assert [(each.to, each.cents, each.purpose) for each in shares[:3]] == [
        ("role:referrer", 15_000, "referral fee"),
        ("org:xamk", 5_000, "coordination"),
        ("role:provider", 5_000, None),
    ]


def test_skipped_clauses_and_shortfalls_are_explained() -> None:
    """With bound roles only, the clause of an unbound one says that it took nothing, and a short one how short."""
    allocation = allocate(RULE, 20_000, bind={"role:provider": "org:xamk"}, quantities={"credit": "5"}, symbolic=False)
    assert (
        "steps[2]: org:xamk gets €190.00. 5 credits \u00d7 €50.00 is €250.00; only €190.00 was left, €60.00 short."
        in allocation.explanation
    )
    assert allocation.explanation[-1] == (
        "steps[0] (referral fee): takes nothing, because no organisation is bound to role:referrer."
    )


def test_what_one_target_gets_for_several_purposes_names_them_all() -> None:
    """And what is kept stands apart."""
    rule = parse_rule(
        {
            "steps": [
                {"take": {"percent": "10"}, "to": "org:a", "for": "coordination"},
                {
                    "take": {"percent": "50"},
                    "to": {"steps": [{"take": "remaining", "to": "org:a"}]},
                    "for": "delivery",
                },
                {"take": "remaining", "to": "kept"},
            ]
        }
    )
    allocation = allocate(rule, 1_000)
    assert [(each.to, each.cents, each.purpose) for each in allocation.shares] == [
        ("org:a", 600, "coordination; delivery")
    ]
    assert allocation.kept_cents == 400
    assert allocation.explanation[-1] == (
        "steps[2]: the collector keeps €4.00. Earlier clauses took €6.00 of €10.00, leaving €4.00."
    )
