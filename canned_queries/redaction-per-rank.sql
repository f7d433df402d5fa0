-- title: Were the summaries for some ranks redacted more than others?
-- group: What was redacted?
-- position: 4
-- indexed: true
-- description: >-
--   We can’t say for certain, because these figures are minimums. They show redaction markers and
--   visible words in all the summaries for each rank. Officers still under investigation or
--   missing from our copy have no rank and no summary, and are shown separately.
-- basis: counted
-- caveats: [redacted, officers, missing, under_investigation, rules, wordings]
-- columns:
--   disclosure_id:
--   rank:
--   status:
--   officers: Officers counted, with or without a summary.
--   summaries:
--   unknown:
--   markers:
--   visible_words: Visible words in the other summaries.
--   redaction_density: Markers divided by markers plus visible words, for all of these summaries together;
--     this is the lowest possible share of words withheld. NULL where there is nothing to count.
--   same_wording:
-- drilldown:
--   officers: disclosure_id, rank, status
--   summaries: disclosure_id, rank, status, redaction_band__notblank=1
--   unknown: disclosure_id, rank, status, redaction_band=unknown
-- drawing: {by: rank, share: redaction_density}
-- chart: {mark: bar, x: rank, y: redaction_density}
-- chart_note: These are minimums, so they cannot be compared with one another. Some rest on few rows, and summaries whose markers were lost are left out.

select
    disclosure_id,
    rank,
    status,
    count(*) as officers,
    count(redaction_band) as summaries,
    count(*) filter (where redaction_band = 'unknown') as unknown,
    sum(redaction_count) as markers,
    sum(visible_words) filter (where redaction_count is not null) as visible_words,
    1.0 * sum(redaction_count)
        / (sum(redaction_count) + sum(visible_words) filter (where redaction_count is not null))
        as redaction_density,
    same_wording(wording_group) as same_wording
from officers_counted
left join ranks on ranks.term = rank
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, rank, status
order by disclosure_id, rank is null, ranks.position, status = 'missing', status
