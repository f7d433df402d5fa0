-- title: What were the results?
-- group: What came of it?
-- position: 1
-- description: >-
--   Officers by result as published. Where no result stands, status says why: not stated in a
--   finalised row, still under investigation, or missing from our copy.
-- basis: counted
-- caveats: [allegation, officers, open, missing, rules]
-- columns:
--   disclosure_id:
--   result:
--   status:
--   officers: Officers counted.
-- counts:
--   officers: disclosure_id, result, status
-- chart: {mark: bar, x: result, y: officers, color: status}

select disclosure_id, result, status, count(*) as officers
from officers_counted
left join results on results.term = result
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, result, status
order by disclosure_id, result is null, results.position, status = 'missing', status
