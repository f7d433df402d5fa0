-- title: Look up one row
-- group: Find a row
-- position: 2
-- description: >-
--   One row by its permanent id, such as 22-026570-0003, with what its terms mean and where it is in
--   the source.
-- basis: mixed
-- caveats: [allegation, officers, redacted, rules, people]
-- parameters:
--   id: {label: Row id, example: 22-026570-0003}
-- prompt: Type the id of a row, such as 22-026570-0003.
-- empty_message: No row has this id.
-- columns:
--   id:
--   disclosure_id:
--   reference:
--   publisher:
--   year:
--   status:
--   rank:
--   rank_meaning: What the rank means; the ranks table gives the source. NULL where we found no definition.
--   summary:
--   redaction_count:
--   visible_words:
--   redaction_density:
--   redaction_band:
--   result:
--   result_meaning: What the result means; the results table gives the source. NULL where we found no definition.
--   action:
--   action_meaning: What the action means; the actions table gives the source. NULL where we found no definition.
--   sanction:
--   sanction_meaning: What the sanction means; the sanctions table gives the source. NULL where we found no definition.
--   severity:
--   withdrawn_on:
--   withdrawn_reason:
--   position:
--   block:
--   line:
--   source_text:
--   source_file:
--   source_sha256:
--   copy_status:
--   extracted_on:

select
    rows.id,
    disclosure_id,
    reference,
    publisher,
    year,
    status,
    rank,
    ranks.meaning as rank_meaning,
    summary,
    redaction_count,
    visible_words,
    redaction_density,
    redaction_band,
    result,
    results.meaning as result_meaning,
    action,
    actions.meaning as action_meaning,
    sanction,
    sanctions.meaning as sanction_meaning,
    severity,
    withdrawn_on,
    withdrawn_reason,
    rows.position,
    block,
    line,
    source_text,
    source_file,
    source_sha256,
    copy_status,
    extracted_on
from officer_allegations as rows
join disclosures on disclosures.id = disclosure_id
left join ranks on ranks.term = rank
left join results on results.term = result
left join actions on actions.term = action
left join sanctions on sanctions.term = sanction
where rows.id = trim(:id)
