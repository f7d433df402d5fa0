-- title: Which sanctions followed which results?
-- group: What came of it?
-- position: 6
-- description: >-
--   Officers by result and sanction; what is blank is explained by status. Combinations that do
--   not occur have no row.
-- basis: counted
-- caveats: [allegation, officers, open, missing, rules]
-- columns:
--   disclosure_id:
--   result:
--   sanction:
--   severity:
--   status:
--   officers: Officers counted.
-- counts:
--   officers: disclosure_id, result, sanction, status
-- chart: {mark: bar, x: result, y: officers, color: sanction}

select disclosure_id, result, sanction, severity, status, count(*) as officers
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
