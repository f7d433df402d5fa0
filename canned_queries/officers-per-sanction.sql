-- title: What were the sanctions?
-- group: What came of it?
-- position: 3
-- description: >-
--   Officers by sanction as published. Most rows state none. severity is our scale, from 1,
--   management advice, to 5, dismissal; it is blank for what is on no scale. Where no sanction
--   stands, status says why: not stated in a finalised row, still under investigation, or missing
--   from our copy.
-- basis: counted
-- caveats: [allegation, officers, open, missing, rules]
-- columns:
--   disclosure_id:
--   sanction:
--   severity:
--   status:
--   officers: Officers counted.
-- counts:
--   officers: disclosure_id, sanction, status
-- chart: {mark: bar, x: sanction, y: officers, color: status}

select disclosure_id, sanction, severity, status, count(*) as officers
from officers_counted
left join sanctions on sanctions.term = sanction
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, sanction, status
order by disclosure_id, sanction is null, sanctions.position, status = 'missing', status
