-- title: Which summaries are redacted most?
-- group: What was withheld?
-- position: 6
-- description: >-
--   Every summary in which a quarter of what can be counted is markers, or more: the bands heavy
--   and total, most redacted first.
-- basis: counted
-- answer: >-
--   {{ rows|selectattr("redaction_band", "equalto", "total")|list|length }} summaries are wholly redacted, and in {{ rows|selectattr("redaction_band", "equalto", "heavy")|list|length }} more at least a quarter of the words were withheld.
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
