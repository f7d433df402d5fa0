-- title: How much was redacted in the summaries for each year?
-- group: What was redacted?
-- position: 3
-- indexed: true
-- description: >-
--   Redaction markers and visible words in all the summaries for each year. Officers still
--   under investigation or missing from our copy have no summary.
-- basis: counted
-- caveats: [redacted, officers, missing, under_investigation, rules, wordings]
-- columns:
--   disclosure_id:
--   year:
--   summaries:
--   unknown:
--   markers:
--   visible_words: Visible words in the other summaries.
--   redaction_density: Markers divided by markers plus visible words, for all of these summaries together; the share of words withheld is at least this. NULL where there is nothing to count.
--   same_wording:
--   not_stated: Finalised rows without a summary.
--   under_investigation:
--   missing:
-- drilldown:
--   summaries: disclosure_id, year, redaction_band__notblank=1
--   unknown: disclosure_id, year, redaction_band=unknown
--   under_investigation: disclosure_id, year, status=under investigation
-- drawing: {by: year, share: redaction_density}
-- chart: {mark: bar, x: year, y: redaction_density}
-- chart_note: These are minimums, so they cannot be compared with one another. Some rest on few rows, and summaries whose markers were lost are left out.

select
    disclosure_id,
    year,
    count(redaction_band) as summaries,
    count(*) filter (where redaction_band = 'unknown') as unknown,
    sum(redaction_count) as markers,
    sum(visible_words) filter (where redaction_count is not null) as visible_words,
    1.0 * sum(redaction_count)
        / (sum(redaction_count) + sum(visible_words) filter (where redaction_count is not null))
        as redaction_density,
    same_wording(wording_group) filter (where status = 'finalised') as same_wording,
    count(*) filter (where status = 'finalised' and redaction_band is null) as not_stated,
    count(*) filter (where status = 'under investigation') as under_investigation,
    count(*) filter (where status = 'missing') as missing
from officers_counted
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, year
order by disclosure_id, year
