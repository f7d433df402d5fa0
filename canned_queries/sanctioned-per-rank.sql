-- title: How many were sanctioned at each rank?
-- group: What came of it?
-- position: 9
-- description: >-
--   Finalised officers by rank and by whether a sanction on the scale of the Conduct Regulations
--   is stated. Of those under investigation or missing neither rank nor outcome is known, and
--   their figures are blank.
-- basis: counted
-- caveats: [allegation, open, officers, missing, rules]
-- columns:
--   disclosure_id:
--   rank:
--   status:
--   officers: Officers counted.
--   sanctioned: Finalised officers with a sanction on the scale, management advice to dismissal.
--   off_scale: Finalised officers with a stated sanction that is on neither scale, such as "No Action" or a referral to reflective practice.
--   not_stated: Finalised officers for whom no sanction is stated, which is not the same as none.
-- counts:
--   officers: disclosure_id, rank, status
--   not_stated: disclosure_id, rank, status, sanction__isnull=1
-- chart: {mark: bar, x: rank, y: officers, color: sanction, of: rank-by-sanction}
-- chart_note: Drawn with what is open, missing and not stated; the rules changed in February 2020.

select
    disclosure_id,
    rank,
    status,
    count(*) as officers,
    iif(status = 'finalised', count(severity), null) as sanctioned,
    iif(status = 'finalised', count(sanction) - count(severity), null) as off_scale,
    iif(status = 'finalised', count(*) - count(sanction), null) as not_stated
from officers_counted
left join sanctions on sanctions.term = sanction
left join ranks on ranks.term = rank
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, rank, status
order by disclosure_id, rank is null, ranks.position, status = 'missing', status
