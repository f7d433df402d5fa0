-- title: How do the results differ from year to year?
-- group: What came of it?
-- position: 4
-- description: >-
--   Officers by year and result; a blank result is explained by status. The words for results
--   changed with the rules in 2020. Combinations that do not occur have no row.
-- basis: counted
-- caveats: [allegation, rules, officers, open, missing, wordings]
-- columns:
--   disclosure_id:
--   year:
--   result:
--   status:
--   officers: Officers counted.
--   same_wording:
-- counts:
--   officers: disclosure_id, year, result, status
-- drawing: {each: result, by: year, count: officers, state: status}
-- chart: {mark: bar, x: year, y: officers, color: result}
-- chart_note: The last year may be a part of one, and the rules changed in February 2020.

with wordings as (
    select disclosure_id, year, result, status, wording_group, count(*) as officers
    from officers_counted
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, year, result, status, wording_group
)
select
    disclosure_id,
    year,
    result,
    status,
    sum(officers) as officers,
    max(officers) filter (where wording_group is not null and officers >= 4) as same_wording
from wordings
left join results on results.term = result
group by disclosure_id, year, result, status
order by
    disclosure_id,
    year,
    result is null,
    results.position,
    status = 'missing',
    status
