-- title: How did ranks vary from year to year?
-- group: Which ranks?
-- position: 2
-- indexed: true
-- description: >-
--   Officers by year and rank; where the rank is blank, status says why. Nobody under investigation has a
--   published rank, so the figure for each rank is a minimum. Combinations that don’t occur have no
--   row.
-- basis: counted
-- caveats: [officers, under_investigation, missing, rules, wordings]
-- columns:
--   disclosure_id:
--   year:
--   rank:
--   status:
--   officers:
--   same_wording:
-- drilldown:
--   officers: disclosure_id, year, rank, status
-- drawing: {panel: rank, by: year, count: officers, state: status}
-- chart: {mark: bar, x: year, y: officers, color: rank}
-- chart_note: The last year may be incomplete, and the rules changed in February 2020.

select
    disclosure_id,
    year,
    rank,
    status,
    count(*) as officers,
    same_wording(wording_group) as same_wording
from officers_counted
left join ranks on ranks.term = rank
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, year, rank, status
order by
    disclosure_id,
    year,
    rank is null,
    ranks.position,
    status = 'missing',
    status
