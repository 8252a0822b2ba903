-- Policies that came with settlements, documents and drift are for what comes: in a log that there is already they begin at its end.

insert into {schema}.mark (policy, position)
select policy, head
from
    unnest(array[
        'list-for-coordinator', 'list-left-over-hours', 'issue-documents', 'true-up-drift', 'plan-settlements'
    ]) as policy,
    (select coalesce(max(position), 0) as head from {schema}.event) as log
where head > 0
on conflict do nothing;
