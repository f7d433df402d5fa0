-- title: Which sanctions fell to which ranks?
-- group: What came of it?
-- position: 5
-- description: >-
--   Officers by rank and sanction; what is blank is explained by status. Combinations that do not
--   occur have no row.
-- basis: counted
-- caveats: [allegation, officers, open, missing, rules, wordings]
-- columns:
--   disclosure_id:
--   rank:
--   sanction:
--   severity:
--   status:
--   officers: Officers counted.
--   same_wording:
-- counts:
--   officers: disclosure_id, rank, sanction, status
-- drawing: {each: rank, by: sanction, count: officers, state: status}
-- chart: {mark: bar, x: sanction, y: officers, color: rank}

with wordings as (
    select disclosure_id, rank, sanction, status, wording_group, count(*) as officers
    from officers_counted
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, rank, sanction, status, wording_group
)
select
    disclosure_id,
    rank,
    sanction,
    severity,
    status,
    sum(officers) as officers,
    max(officers) filter (where wording_group is not null and officers >= 4) as same_wording
from wordings
left join ranks on ranks.term = rank
left join sanctions on sanctions.term = sanction
group by disclosure_id, rank, sanction, status
order by
    disclosure_id,
    rank is null,
    ranks.position,
    sanction is null,
    sanctions.position,
    status = 'missing',
    status
