-- title: Which sanctions followed which results?
-- group: What came of it?
-- position: 6
-- description: >-
--   Officers by result and sanction; what is blank is explained by status. Combinations that do
--   not occur have no row.
-- basis: counted
-- caveats: [allegation, officers, open, missing, rules, wordings]
-- columns:
--   disclosure_id:
--   result:
--   sanction:
--   severity:
--   status:
--   officers: Officers counted.
--   same_wording:
-- counts:
--   officers: disclosure_id, result, sanction, status
-- drawing: {each: result, by: sanction, count: officers, state: status}
-- chart: {mark: bar, x: result, y: officers, color: sanction}

with wordings as (
    select disclosure_id, result, sanction, status, wording_group, count(*) as officers
    from officers_counted
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, result, sanction, status, wording_group
)
select
    disclosure_id,
    result,
    sanction,
    severity,
    status,
    sum(officers) as officers,
    max(officers) filter (where wording_group is not null and officers >= 4) as same_wording
from wordings
left join results on results.term = result
left join sanctions on sanctions.term = sanction
group by disclosure_id, result, sanction, status
order by
    disclosure_id,
    result is null,
    results.position,
    sanction is null,
    sanctions.position,
    status = 'missing',
    status
