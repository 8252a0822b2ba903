"""Mentors and how many clients they guide; who these are only for those they concern."""

from adapters.http.readers import GUIDES
from adapters.http.reading import Asking, Found, ListQuery, Read
from application.desk import Asker
from application.visibility import sees_all
from domain.kernel import Unknown
from projections.mentor_workloads import MentorLoad, clients_of, mentor_workloads, workloads


async def everybody(asking: Asking) -> Found:
    found = await asking.ask(mentor_workloads, workloads)
    return Found(found.value, found.position)


async def clients(asking: Asking) -> Found:
    mentor = asking.path["mentor"]
    found = await asking.ask(mentor_workloads, lambda rows: (workloads(rows), clients_of(rows, mentor)))
    loads, guided = found.value
    load = next((each for each in loads if each.mentor == mentor), None)
    if load is None or not concerns(load, asking.asker):
        raise Unknown(mentor)
    return Found(guided, found.position)


def concerns(load: MentorLoad, asker: Asker) -> bool:
    """The mentor, the mentor's organisation, and those who see all; another mentor of the same organisation not."""
    if asker.role == "mentor":
        return asker.subject == load.mentor
    return sees_all(asker) or asker.organisation == load.organisation


mentors = Read(
    name="mentor-workloads",
    path="/v1/mentors/workloads",
    says="Every mentor with their capacity and how many clients they guide now, the fullest first.",
    readers=GUIDES,
    query=ListQuery,
    gives=MentorLoad,
    answer=everybody,
)
mentors_clients = Read(
    name="mentor-clients",
    path="/v1/mentors/{mentor}/clients",
    says="The clients a mentor guides now: for the mentor, their organisation and the coordinator.",
    readers=GUIDES,
    query=ListQuery,
    gives=str,
    answer=clients,
)
