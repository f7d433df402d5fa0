-- title: How much was redacted overall?
-- group: What was redacted?
-- position: 1
-- indexed: true
-- description: >-
--   Redaction markers and visible words in all the summaries of each disclosure. Officers still
--   under investigation or missing from our copy have no summary.
-- basis: counted
-- answer: >-
--   {%- set r = rows[0] -%}
--   {% if r.redaction_density is none %}An unknown share{% else %}At least {{ "%.1f"|format(100 * r.redaction_density) }}%{% endif %} of the words in {{ r.summaries - r.unknown }} summaries were withheld: {{ r.markers or 0 }} markers, in {{ r.marked }} of them. A further {{ r.unknown }} summaries lost their markers in our copy and are not counted.
-- caveats: [redacted, officers, missing, under_investigation, rules]
-- columns:
--   disclosure_id:
--   summaries:
--   unknown:
--   markers:
--   visible_words: Visible words in the other summaries.
--   redaction_density: Markers divided by markers plus visible words, for all of these summaries together; the share of words withheld is at least this. NULL where there is nothing to count.
--   marked: Summaries with a marker.
--   wholly: Summaries that are only markers.
--   not_stated: Finalised rows without a summary.
--   under_investigation:
--   missing:
-- drilldown:
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
