-- title: Were some results redacted more than others?
-- group: What was withheld?
-- position: 5
-- description: >-
--   Redaction markers and readable words by result, the summaries of a result pooled. These are
--   lower bounds, so the question has no sure answer. Rows under investigation or missing have
--   neither result nor summary, and stand apart.
-- basis: counted
-- caveats: [redacted, officers, allegation, missing, open, rules, wordings]
-- columns:
--   disclosure_id:
--   result:
--   status:
--   officers: Officers counted, with a summary or without.
--   summaries: Rows that have a summary.
--   unknown: Summaries whose markers our copy lost. They are counted here and nowhere to the right.
--   markers: Redaction markers in the other summaries.
--   visible_words: Words that can be read in the other summaries.
--   redaction_density: Markers over markers and visible words, all of them together; a lower bound on the share of words withheld. NULL where nothing can be counted.
--   same_wording:
-- counts:
--   officers: disclosure_id, result, status
--   summaries: disclosure_id, result, status, redaction_band__notblank=1
--   unknown: disclosure_id, result, status, redaction_band=unknown
-- drawing: {by: result, share: redaction_density}
-- chart: {mark: bar, x: result, y: redaction_density}
-- chart_note: Lower bounds cannot be ranked. Some rest on few rows, and unknown summaries are not drawn.

select
    disclosure_id,
    result,
    status,
    count(*) as officers,
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
                and alike.result is counted.result
                and alike.status = counted.status
                and alike.wording_group is not null
            group by alike.wording_group
            having count(*) >= 4
        )
    ) as same_wording
from officers_counted as counted
left join results on results.term = counted.result
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, result, status
order by disclosure_id, result is null, results.position, status = 'missing', status
