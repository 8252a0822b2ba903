"""Where an official schema is not at hand, a run says what it has not checked, or fails where it has to check all."""

from pathlib import Path

import pytest

from tests import official_schemas
from tests.official_schemas import ASYNCAPI, CLOUDEVENTS, FINVOICE, PAIN001, SETTING, Official, at_hand

MISSING = "The official schema finvoice/Finvoice3.0.xsd is not at hand, so nobody checks that an e-invoice is valid by Finvoice 3.0."


@pytest.fixture
def nothing_at_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setattr(official_schemas, "FOLDER", tmp_path)
    monkeypatch.delenv(SETTING, raising=False)
    return monkeypatch


@pytest.mark.usefixtures("nothing_at_hand")
def test_a_check_that_cannot_be_made_is_skipped_and_named() -> None:
    with pytest.raises(pytest.skip.Exception) as skipped:
        at_hand(FINVOICE)
    assert skipped.value.msg == MISSING


def test_a_check_that_cannot_be_made_fails_where_all_are_required(nothing_at_hand: pytest.MonkeyPatch) -> None:
    nothing_at_hand.setenv(SETTING, "required")
    with pytest.raises(pytest.fail.Exception) as failed:
        at_hand(FINVOICE)
    assert failed.value.msg == MISSING


def test_another_wish_is_refused(nothing_at_hand: pytest.MonkeyPatch) -> None:
    """Whoever wants all checked and spells it otherwise is not left with none."""
    nothing_at_hand.setenv(SETTING, "yes")
    with pytest.raises(
        pytest.fail.Exception, match=r"^TASMA_OFFICIAL_SCHEMAS is 'yes'; say required, or leave it out\.$"
    ):
        at_hand(FINVOICE)


@pytest.mark.parametrize("official", [PAIN001, FINVOICE, CLOUDEVENTS, ASYNCAPI], ids=lambda each: each.path)
def test_what_is_at_hand_is_used(nothing_at_hand: pytest.MonkeyPatch, tmp_path: Path, official: Official) -> None:
    nothing_at_hand.setenv(SETTING, "required")
    path = tmp_path / official.path
    path.parent.mkdir()
    path.touch()
    assert at_hand(official) == path
