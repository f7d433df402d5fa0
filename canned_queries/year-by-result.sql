-- title: How did results vary from year to year?
-- group: What were the outcomes?
-- position: 4
-- indexed: true
-- description: >-
--   Officers by year and result; where the result is blank, status says why. The terms for results
--   changed with the rules in 2020. Combinations that don’t occur have no row.
-- basis: counted
-- caveats: [allegation, rules, officers, under_investigation, missing, wordings]
-- columns:
--   disclosure_id:
--   year:
--   result:
--   status:
--   officers:
--   same_wording:
-- drilldown:
--   officers: disclosure_id, year, result, status
-- drawing: {panel: result, by: year, count: officers, state: status}
-- chart: {mark: bar, x: year, y: officers, color: result}
-- chart_note: The last year may be incomplete, and the rules changed in February 2020.

select
    disclosure_id,
    year,
    result,
    status,
    count(*) as officers,
    same_wording(wording_group) as same_wording
from officers_counted
left join results on results.term = result
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, year, result, status
order by
    disclosure_id,
    year,
    result is null,
    results.position,
    status = 'missing',
    status
