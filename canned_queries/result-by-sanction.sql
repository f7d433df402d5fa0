-- title: Which sanctions followed each result?
-- group: What were the outcomes?
-- position: 6
-- indexed: true
-- description: >-
--   Officers by result and sanction; where either is blank, status says why. Combinations that
--   don’t occur have no row.
-- basis: counted
-- caveats: [allegation, officers, under_investigation, missing, rules, wordings]
-- columns:
--   disclosure_id:
--   result:
--   sanction:
--   severity:
--   status:
--   officers:
--   same_wording:
-- drilldown:
--   officers: disclosure_id, result, sanction, status
-- drawing: {panel: result, by: sanction, count: officers, state: status}
-- chart: {mark: bar, x: result, y: officers, color: sanction}

select
    disclosure_id,
    result,
    sanction,
    severity,
    status,
    count(*) as officers,
    same_wording(wording_group) as same_wording
from officers_counted
left join results on results.term = result
left join sanctions on sanctions.term = sanction
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, result, sanction, status
order by
    disclosure_id,
    result is null,
    results.position,
    sanction is null,
    sanctions.position,
    status = 'missing',
    status
