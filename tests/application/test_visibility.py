"""What somebody may see does not depend on the form in which it was written."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from application.desk import Asker
from application.envelope import Recorded
from application.visibility import may_see
from domain.changing import replace
from domain.kernel import Event, name_of, subject_of, versions_of
from domain.mentoring.events import MenteeAssigned, MenteeReleased
from domain.pathways import earlier
from domain.pathways.events import PathwayDrafted
from tests.domain.test_versions import sample

OF_A_MENTOR = [
    version for newest in (MenteeAssigned, MenteeReleased, PathwayDrafted) for version in versions_of(newest)
]
MENTOR = "mentor:m-77"


def recorded(event: Event) -> Recorded:
    return Recorded(
        sequence=f"{1:020}",
        time=datetime(2019, 3, 5, tzinfo=UTC),
        id=UUID(int=1),
        source="/networks/t",
        subject=subject_of(event),
        nonce="0" * 32,
        actor="person:c",
        commandid=UUID(int=2),
        correlationid=subject_of(event),
        data=event,
    )


def mentor(subject: str) -> Asker:
    return Asker(actor=subject, role="mentor", organisation="org:cursor", subject=subject)


def of_mentor(version: type[Event]) -> Event:
    event = sample(version)
    assert isinstance(event, MenteeAssigned | MenteeReleased | PathwayDrafted | earlier.PathwayDrafted)
    return replace(event, mentor=MENTOR)


def test_older_forms_are_among_them() -> None:
    assert earlier.PathwayDrafted in OF_A_MENTOR


@pytest.mark.parametrize("version", OF_A_MENTOR, ids=name_of)
def test_a_mentor_sees_what_concerns_their_own_clients_in_every_form_and_no_others(version: type[Event]) -> None:
    event = recorded(of_mentor(version))
    assert may_see(mentor(MENTOR), event)
    assert not may_see(mentor("mentor:m-78"), event)
