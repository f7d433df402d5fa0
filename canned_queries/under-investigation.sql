-- title: How many officers were still under investigation?
-- group: How many, and when?
-- position: 3
-- indexed: true
-- description: >-
--   Officers that the publisher marks as still under investigation on the day the figures were
--   extracted, alongside the number that it counted in total. Only their year is published.
-- basis: counted
-- answer: >-
--   {{ rows|sum(attribute="under_investigation") }} of the {{ rows|sum(attribute="found") }} officers in our copy were still under investigation on {{ rows[0].extracted_on|long_date }}, including {{ rows[-1].under_investigation }} of the {{ rows[-1].found }} for {{ rows[-1].year }}.
-- caveats: [under_investigation, officers, missing, rules]
-- columns:
--   disclosure_id:
--   year:
--   under_investigation:
--   found:
--   published:
--   missing:
--   extracted_on:
-- drilldown:
--   under_investigation: disclosure_id, year, status=under investigation
--   found: disclosure_id, year
-- drawing: {by: year, parts: {under investigation: under_investigation}}
-- chart: {mark: bar, x: year, y: under_investigation}
-- chart_note: Only officers still under investigation. The last year may be incomplete.

select disclosure_id, year, under_investigation, found, published, missing, extracted_on
from reconciliation
join disclosures on disclosures.id = disclosure_id
where :disclosure_id in ('', disclosure_id)
order by disclosure_id, year
