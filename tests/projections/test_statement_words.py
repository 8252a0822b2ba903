"""The sentence of every kind of line, from which a person can reckon its cents again."""

from collections.abc import Mapping

import pytest

from adapters.projecting.memory import Memory
from projections.statement import account_of
from tests.projections.booked import EKAMI, KSAO, XAMK, books, closed, cost, founded, month, tax


@pytest.fixture(scope="module")
def rows() -> Memory:
    return books([*founded(), *month(), closed()])


def said(rows: Memory, partner: str, n: int) -> Mapping[str, str]:
    account = account_of(rows, partner, "2019-03")
    assert account is not None
    return {
        language: text.replace("\u00a0", " ")
        for language, text in account.statement(99, None).lines[n - 1].text.items()
    }


WORDS = {
    "an exempt share": (
        KSAO,
        1,
        (
            "xamk passes on a revenue share: part 1 of step 1 (pathway:p-1) was delivered on 5 March 2019. "
            "A fixed sum of €50.00. No VAT: AVL 39-40 §."
        ),
    ),
    "costs, by who paid": (
        XAMK,
        5,
        (
            "ekami pays its part of costs (verkkopalvelu, web-service, 10 March 2019), €900.00 in all. "
            "1/3 of €900.00 is €300.00."
        ),
    ),
    "costs, by who owes": (
        EKAMI,
        3,
        (
            "Part of costs (verkkopalvelu, web-service, 10 March 2019) that xamk paid, €900.00 in all. "
            "1/3 of €900.00 is €300.00."
        ),
    ),
    "waived costs": (
        KSAO,
        7,
        (
            "Part of costs (verkkopalvelu, web-service, 10 March 2019) that xamk paid, €300.00 in all. "
            "1/3 of €300.00 is €100.00. The €100.00 is waived by agreement."
        ),
    ),
    "a correction in part": (
        EKAMI,
        4,
        (
            "Correction of -€20.00 to line 2019-03/1 (xamk, delivery): of part 1 of step 1 (pathway:p-1) €34.00 of €170.01 was taken "
            "back on 20 March 2019 (the price changed); of this share of €100.01 that is €20.000823…, rounded by largest remainder to "
            "€20.00."
        ),
    ),
    "the rest of it": (
        EKAMI,
        5,
        (
            "Correction of -€80.01 to line 2019-03/1 (xamk, delivery): part 1 of step 1 (pathway:p-1) was taken back on 20 March 2019, "
            "all of €136.01 (the price changed)."
        ),
    ),
    "a correction of costs": (
        XAMK,
        11,
        (
            "Correction of -€1.00 to line 2019-03/5 (ekami, verkkopalvelu): of shared costs €3.00 of €900.00 was taken back on "
            "20 March 2019 (the price changed); of this share of €300.00 that is €1.00."
        ),
    ),
    "a true-up of one's own": (
        EKAMI,
        7,
        (
            "Rounding set right (agreement:kymenlaakso-2019 v1): up to 2019-02 the share of this partner is exactly €0.025, rounded by "
            "largest remainder to €0.03, €0.00 was booked, a difference of €0.03."
        ),
    ),
    "a true-up of another": (
        XAMK,
        14,
        (
            "Rounding set right (agreement:kymenlaakso-2019 v1): up to 2019-02 the share of ksao is exactly €0.015, rounded by largest "
            "remainder to €0.01, €0.00 was booked, a difference of €0.01."
        ),
    ),
    "a set-off": (
        EKAMI,
        8,
        "Set off with xamk on 12 March 2019: €12.00 owed to it, €50.00 owed by it; left to be paid to it €0.00, by it €38.00.",
    ),
    "a payment made": (
        XAMK,
        16,
        f"Paid to ekami on 15 March 2019: €30.00 of the €38.00 ordered (bank-line:{'a' * 32}).",
    ),
    "a payment received": (
        EKAMI,
        9,
        f"Received from xamk on 15 March 2019: €30.00 of the €38.00 ordered (bank-line:{'a' * 32}).",
    ),
    "tax on sales": (XAMK, 19, "VAT on sales to ekami, lines 5, 11: 24% of €299.00 is €71.76."),
    "tax on purchases": (EKAMI, 11, "VAT on purchases from xamk, lines 3, 6: 24% of €299.00 is €71.76."),
}


@pytest.mark.parametrize("line", WORDS)
def test_a_line_says_how_its_cents_came_about(rows: Memory, line: str) -> None:
    partner, n, expected = WORDS[line]
    assert said(rows, partner, n)["en"] == expected


def test_a_tax_on_one_line_names_one_line() -> None:
    one = books([*founded(), cost("entry:1", vat=(tax("costs.split[1]"),)), closed()])
    assert {language: text.partition(":")[0] for language, text in said(one, EKAMI, 2).items()} == {
        "fi": "Arvonlisävero ostoista kumppanilta xamk, rivi 1",
        "sv": "Mervärdesskatt på inköp från xamk, rad 1",
        "en": "VAT on purchases from xamk, line 1",
    }


@pytest.mark.parametrize(
    ("n", "finnish", "swedish"),
    [
        (
            8,
            (
                "Kuittaus 12.3.2019 kumppanin xamk kanssa: velkaa sille 12,00 €, saatavaa siltä 50,00 €; maksettavaksi sille jää 0,00 € "
                "ja siltä 38,00 €."
            ),
            (
                "Kvittning 12.3.2019 med xamk: skuld till den 12,00 €, fordran på den 50,00 €; kvar att betala till den blir 0,00 € och "
                "av den 38,00 €."
            ),
        ),
        (
            11,
            "Arvonlisävero ostoista kumppanilta xamk, rivit 3, 6: 24 % summasta 299,00 € on 71,76 €.",
            "Mervärdesskatt på inköp från xamk, raderna 3, 6: 24 % av 299,00 € är 71,76 €.",
        ),
    ],
)
def test_it_says_so_in_three_languages(rows: Memory, n: int, finnish: str, swedish: str) -> None:
    text = said(rows, EKAMI, n)
    assert (text["fi"], text["sv"]) == (finnish, swedish)
