-- title: How much was redacted in each year?
-- group: What was withheld?
-- position: 3
-- description: >-
--   Redaction markers and readable words by year, the summaries of a year pooled. Rows under
--   investigation or missing have no summary.
-- basis: counted
-- caveats: [redacted, officers, missing, open, rules, wordings]
-- columns:
--   disclosure_id:
--   year:
--   summaries: Rows that have a summary.
--   unknown: Summaries whose markers our copy lost. They are counted here and nowhere to the right.
--   markers: Redaction markers in the other summaries.
--   visible_words: Words that can be read in the other summaries.
--   redaction_density: Markers over markers and visible words, all of them together; a lower bound on the share of words withheld. NULL where nothing can be counted.
--   same_wording:
--   not_stated: Finalised rows without a summary.
--   under_investigation:
--   missing:
-- counts:
--   summaries: disclosure_id, year, redaction_band__notblank=1
--   unknown: disclosure_id, year, redaction_band=unknown
--   under_investigation: disclosure_id, year, status=under investigation
-- drawing: {by: year, share: redaction_density}
-- chart: {mark: bar, x: year, y: redaction_density}
-- chart_note: Lower bounds cannot be ranked. Some rest on few rows, and unknown summaries are not drawn.

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
    (
        select max(together)
        from (
            select count(*) as together
            from officers_counted as alike
            where alike.disclosure_id = counted.disclosure_id
                and alike.year is counted.year
                and alike.status = 'finalised'
                and alike.wording_group is not null
            group by alike.wording_group
            having count(*) >= 4
        )
    ) as same_wording,
    count(*) filter (where status = 'finalised' and redaction_band is null) as not_stated,
    count(*) filter (where status = 'under investigation') as under_investigation,
    count(*) filter (where status = 'missing') as missing
from officers_counted as counted
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, year
order by disclosure_id, year
