-- title: How do the ranks differ from year to year?
-- group: Which ranks?
-- position: 2
-- description: >-
--   Officers by year and rank; a blank rank is explained by status. Whoever was under investigation has
--   a rank that is not published, so that each figure of a rank is at least so many. Combinations that do not occur
--   have no row.
-- basis: counted
-- caveats: [officers, open, missing, rules, wordings]
-- columns:
--   disclosure_id:
--   year:
--   rank:
--   status:
--   officers: Officers counted.
--   same_wording:
-- counts:
--   officers: disclosure_id, year, rank, status
-- drawing: {each: rank, by: year, count: officers, state: status}
-- chart: {mark: bar, x: year, y: officers, color: rank}
-- chart_note: The last year may be a part of one, and the rules changed in February 2020.

with wordings as (
    select disclosure_id, year, rank, status, wording_group, count(*) as officers
    from officers_counted
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, year, rank, status, wording_group
)
select
    disclosure_id,
    year,
    rank,
    status,
    sum(officers) as officers,
    max(officers) filter (where wording_group is not null and officers >= 4) as same_wording
from wordings
left join ranks on ranks.term = rank
group by disclosure_id, year, rank, status
order by
    disclosure_id,
    year,
    rank is null,
    ranks.position,
    status = 'missing',
    status
