-- title: Which summaries are most heavily redacted?
-- group: What was redacted?
-- position: 6
-- description: >-
--   Every summary in the bands heavy and total, most redacted first. The redaction_bands table says
--   what each band means. Each marker is counted as one word, though it may hide several.
-- basis: counted
-- answer: >-
--   {{ rows|selectattr("redaction_band", "equalto", "total")|list|length }} summaries are wholly redacted, and at least {{ rows|selectattr("redaction_band", "equalto", "heavy")|list|length }} others are heavily redacted.
-- caveats: [redacted, allegation, officers, rules, people]
-- columns:
--   id:
--   disclosure_id:
--   year:
--   rank:
--   summary:
--   withdrawn_on:
--   redaction_count:
--   visible_words:
--   redaction_density:
--   redaction_band:

select
    id,
    disclosure_id,
    year,
    rank,
    summary,
    withdrawn_on,
    redaction_count,
    visible_words,
    redaction_density,
    redaction_band
from officer_allegations
where redaction_band in ('heavy', 'total') and :disclosure_id in ('', disclosure_id)
order by disclosure_id, redaction_density desc, redaction_count desc, position
