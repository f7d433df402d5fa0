-- title: Where did our copy lose the redaction markers?
-- group: What was redacted?
-- position: 8
-- description: >-
--   Rows in blocks that, we infer, lost their markers in our copy. The column chance gives the probability
--   that such a block would have at least one marker. Words are probably missing from most of these
--   summaries, but we can’t tell where or how many.
-- basis: counted
-- answer: >-
--   Our copy probably lost the markers of {{ rows|length }} summaries, in {{ rows|map(attribute="block")|unique|list|length }} blocks of the document.
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
--   chance: Probability, from 0 to 1, that a block with this number of summaries has at least one marker, if markers are as common in it as in the other blocks.

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
