"""Ids follow from their cause, bodies are separate from what the network fills in."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from application.door import command_id
from domain.kernel import Criterion, derived, facts, filled_fields, tags_of
from domain.network.events import PartnerAdmitted
from domain.settlement.close_period import ClosePeriod
from domain.settlement.events import PeriodClosed
from tests.domain.story import closing, founded, with_partners


@given(st.uuids(), st.text(max_size=20), st.integers(0, 99))
def test_a_derived_id_keeps_its_cause_s_time_and_is_a_uuid_of_version_8(cause: UUID, part: str, ordinal: int) -> None:
    derived_id = derived(cause, part, ordinal)
    assert derived_id == derived(cause, part, ordinal)
    assert derived_id.int >> 80 == cause.int >> 80
    assert derived_id.version == 8
    assert derived_id.variant == "specified in RFC 4122"
    assert derived_id != derived(cause, part, ordinal + 1)


def test_the_same_key_of_another_asker_is_another_command() -> None:
    key = UUID("0168f4a2-7c00-7123-9abc-0123456789ab")
    ids = {command_id(actor, org, key) for actor in ("a", "b") for org in (None, "org:x", "org:y")}
    assert len(ids) == 6
    assert all(i.int >> 80 == key.int >> 80 for i in ids)
    assert command_id("a", None, UUID(int=4 << 76 | 5)).int >> 80 == 0, "only a UUIDv7 has a time to keep"


def test_what_is_filled_in_is_no_part_of_the_body() -> None:
    assert filled_fields(ClosePeriod) == {"asked", "worked_off"}


def test_a_criterion_admits_by_type_and_tag() -> None:
    admitted = with_partners().history[2]
    assert isinstance(admitted, PartnerAdmitted)
    assert facts(PartnerAdmitted, about="org:xamk").admits(admitted)
    assert not facts(PartnerAdmitted, about="org:ekami").admits(admitted)
    assert not facts(PeriodClosed).admits(admitted)
    assert Criterion().admits(admitted)
    assert Criterion(tags=("org:xamk",)).admits(admitted)


def test_a_period_is_tagged_with_its_kind() -> None:
    (closed,) = closing(founded(), "2019-01", "2019-02-01T00:00:00+02:00").events()
    assert tags_of(closed) == ("period:2019-01",)
