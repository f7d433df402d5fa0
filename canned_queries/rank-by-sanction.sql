-- title: Which sanctions did each rank receive?
-- group: What were the outcomes?
-- position: 5
-- indexed: true
-- description: >-
--   Officers by rank and sanction; where either is blank, status says why. Combinations that don’t
--   occur have no row.
-- basis: counted
-- caveats: [allegation, officers, under_investigation, missing, rules, wordings]
-- columns:
--   disclosure_id:
--   rank:
--   sanction:
--   severity:
--   status:
--   officers:
--   same_wording:
-- drilldown:
--   officers: disclosure_id, rank, sanction, status
-- drawing: {panel: rank, by: sanction, count: officers, state: status}
-- chart: {mark: bar, x: sanction, y: officers, color: rank}

select
    disclosure_id,
    rank,
    sanction,
    severity,
    status,
    count(*) as officers,
    same_wording(wording_group) as same_wording
from officers_counted
left join ranks on ranks.term = rank
left join sanctions on sanctions.term = sanction
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, rank, sanction, status
order by
    disclosure_id,
    rank is null,
    ranks.position,
    sanction is null,
    sanctions.position,
    status = 'missing',
    status
