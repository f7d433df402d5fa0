-- title: Where were the redaction markers lost?
-- group: What was withheld?
-- position: 8
-- description: >-
--   Rows in blocks of the document whose markers our copy lost, by our inference; chance is its
--   ground. Words are probably missing from most of these summaries; where and how many is unknown.
-- basis: counted
-- answer: >-
--   {{ rows|length }} summaries stand in {{ rows|map(attribute="block")|unique|list|length }} blocks whose markers our copy probably lost.
-- caveats: [redacted, allegation, officers, rules, people]
-- columns:
--   id:
--   disclosure_id:
--   block:
--   line:
--   year:
--   rank:
--   summary:
--   withdrawn_on:
--   redaction_band:
--   block_summaries: Rows in the block that have a summary.
--   chance: Probability, from 0 to 1, that at least one of as many summaries would carry a marker, if each did as often as those of the other blocks do.

select
    id,
    disclosure_id,
    block,
    line,
    year,
    rank,
    summary,
    withdrawn_on,
    redaction_band,
    summaries as block_summaries,
    chance
from officer_allegations
join source_blocks using (disclosure_id, block)
where redaction_band = 'unknown' and :disclosure_id in ('', disclosure_id)
order by disclosure_id, position
