-- title: How did sanctions vary from year to year?
-- group: What were the outcomes?
-- position: 10
-- indexed: true
-- description: >-
--   Officers by year and sanction; where the sanction is blank, status says why. Combinations that
--   don’t occur have no row.
-- basis: counted
-- caveats: [allegation, rules, officers, under_investigation, missing, wordings]
-- columns:
--   disclosure_id:
--   year:
--   sanction:
--   severity:
--   status:
--   officers:
--   same_wording:
-- drilldown:
--   officers: disclosure_id, year, sanction, status
-- drawing: {panel: sanction, by: year, count: officers, state: status}
-- chart: {mark: bar, x: year, y: officers, color: sanction}
-- chart_note: The last year may be incomplete, and the rules changed in February 2020.

select
    disclosure_id,
    year,
    sanction,
    severity,
    status,
    count(*) as officers,
    same_wording(wording_group) as same_wording
from officers_counted
left join sanctions on sanctions.term = sanction
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, year, sanction, status
order by
    disclosure_id,
    year,
    sanction is null,
    sanctions.position,
    status = 'missing',
    status
