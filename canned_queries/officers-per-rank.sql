-- title: How many officers of each rank?
-- group: Which ranks?
-- position: 1
-- description: >-
--   Officers by rank as published: "Unknown" is the publisher's word, and so is "Inspector +", for
--   inspectors and every rank above. Where no rank stands, status says why: not stated in a
--   finalised row, still under investigation, or missing from our copy.
-- basis: counted
-- caveats: [officers, open, missing, rules, selected, wordings]
-- columns:
--   disclosure_id:
--   rank:
--   status:
--   officers: Officers counted.
--   same_wording:
-- counts:
--   officers: disclosure_id, rank, status
-- chart: {mark: bar, x: rank, y: officers, color: status}

with wordings as (
    select disclosure_id, rank, status, wording_group, count(*) as officers
    from officers_counted
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, rank, status, wording_group
)
select
    disclosure_id,
    rank,
    status,
    sum(officers) as officers,
    max(officers) filter (where wording_group is not null and officers >= 4) as same_wording
from wordings
left join ranks on ranks.term = rank
group by disclosure_id, rank, status
order by disclosure_id, rank is null, ranks.position, status = 'missing', status
