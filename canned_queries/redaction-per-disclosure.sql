-- title: How much was redacted in all?
-- group: What was withheld?
-- position: 1
-- description: >-
--   Redaction markers and readable words of each disclosure, all summaries together. Rows under
--   investigation or missing have no summary.
-- basis: counted
-- answer: >-
--   {%- set r = rows[0] -%}
--   {{ r.markers }} redaction markers stand in {{ r.marked }} of the {{ r.summaries - r.unknown }} summaries whose markers we have; at least {{ "%.1f"|format(100 * r.redaction_density) if r.redaction_density is not none else "an unknown number of" }} % of their words were withheld. In {{ r.unknown }} more summaries the markers were lost.
-- caveats: [redacted, officers, missing, open, rules]
-- columns:
--   disclosure_id:
--   summaries: Rows that have a summary.
--   unknown: Summaries whose markers our copy lost. They are counted here and nowhere to the right.
--   markers: Redaction markers in the other summaries.
--   visible_words: Words that can be read in the other summaries.
--   redaction_density: Markers over markers and visible words, all of them together; a lower bound on the share of words withheld. NULL where nothing can be counted.
--   marked: Summaries with a marker.
--   wholly: Summaries that are markers and nothing else.
--   not_stated: Finalised rows without a summary.
--   under_investigation:
--   missing:
-- counts:
--   summaries: disclosure_id, redaction_band__notblank=1
--   unknown: disclosure_id, redaction_band=unknown
--   marked: disclosure_id, redaction_count__gt=0
--   wholly: disclosure_id, redaction_band=total
--   under_investigation: disclosure_id, status=under investigation

select
    disclosure_id,
    count(redaction_band) as summaries,
    count(*) filter (where redaction_band = 'unknown') as unknown,
    sum(redaction_count) as markers,
    sum(visible_words) filter (where redaction_count is not null) as visible_words,
    1.0 * sum(redaction_count)
        / (sum(redaction_count) + sum(visible_words) filter (where redaction_count is not null))
        as redaction_density,
    count(*) filter (where redaction_count > 0) as marked,
    count(*) filter (where redaction_band = 'total') as wholly,
    count(*) filter (where status = 'finalised' and redaction_band is null) as not_stated,
    count(*) filter (where status = 'under investigation') as under_investigation,
    count(*) filter (where status = 'missing') as missing
from officers_counted
where :disclosure_id in ('', disclosure_id)
group by disclosure_id
order by disclosure_id
