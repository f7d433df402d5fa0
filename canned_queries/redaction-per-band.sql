-- title: How many summaries were lightly redacted, and how many heavily?
-- group: What was redacted?
-- position: 2
-- indexed: true
-- description: >-
--   Officers by how much of their summary is redacted, in bands from unmarked to total, or unknown where
--   our copy lost the markers. The redaction_bands table says what each band means. Officers still
--   under investigation or missing from our copy have no summary.
-- basis: counted
-- answer: >-
--   {%- set known = rows|selectattr("redaction_band")|rejectattr("redaction_band", "equalto", "unknown")|list -%}
--   {%- set heavy = known|selectattr("redaction_band", "in", ["heavy", "total"])|sum(attribute="officers") -%}
--   {%- set unknown = rows|selectattr("redaction_band", "equalto", "unknown")|sum(attribute="officers") -%}
--   At least {{ heavy }} of {{ known|sum(attribute="officers") }} summaries are heavily or wholly redacted; for {{ unknown }} more we can’t tell.
-- caveats: [redacted, officers, missing, under_investigation, rules]
-- columns:
--   disclosure_id:
--   redaction_band:
--   status:
--   officers:
-- drilldown:
--   officers: disclosure_id, redaction_band, status
-- drawing: {by: redaction_band, count: officers, state: status, solid: summaries}
-- chart: {mark: bar, x: redaction_band, y: officers, color: status}

select disclosure_id, redaction_band, status, count(*) as officers
from officers_counted
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, redaction_band, status
order by
    disclosure_id,
    redaction_band is null,
    (select position from redaction_bands where band = redaction_band),
    status = 'missing',
    status
