-- title: Which summaries are wholly redacted?
-- group: What was redacted?
-- position: 7
-- description: Rows whose summary is only markers. Their results are published nonetheless.
-- basis: counted
-- answer: >-
--   {{ rows|length }} {{ "summary is" if rows|length == 1 else "summaries are" }} only redaction markers.
-- caveats: [redacted, allegation, officers, rules, people]
-- columns:
--   id:
--   disclosure_id:
--   year:
--   status:
--   rank:
--   summary:
--   withdrawn_on:
--   result:
--   action:
--   sanction:
--   redaction_count:
--   redaction_band:

select
    id, disclosure_id, year, status, rank, summary, withdrawn_on, result, action, sanction, redaction_count, redaction_band
from officer_allegations
where redaction_band = 'total' and :disclosure_id in ('', disclosure_id)
order by disclosure_id, position
