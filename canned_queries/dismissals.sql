-- title: Which rows record a dismissal?
-- group: What were the outcomes?
-- position: 7
-- description: >-
--   Rows whose sanction is a dismissal of any kind. Where it is “Would Have Been Dismissed”, which we
--   take to mean that the officer had already left, the column dismissed is 0.
-- basis: counted
-- answer: >-
--   {%- set d = rows|sum(attribute="dismissed") -%}
--   By the sanctions stated, {{ d }} officers were dismissed and {{ rows|length - d }} would have been (we take this to mean that they had left).
-- caveats: [allegation, officers, under_investigation, missing, redacted, rules, people]
-- columns:
--   id:
--   disclosure_id:
--   year:
--   rank:
--   summary:
--   withdrawn_on:
--   result:
--   action:
--   sanction:
--   dismissed: 1 where the sanction is a dismissal, 0 where it is that the officer would have been dismissed.
--   redaction_band:

select
    officer_allegations.id,
    disclosure_id,
    year,
    rank,
    summary,
    withdrawn_on,
    result,
    action,
    sanction,
    sanction <> 'Would Have Been Dismissed' as dismissed,
    redaction_band
from officer_allegations
join sanctions on sanctions.term = sanction
where severity = 5 and :disclosure_id in ('', disclosure_id)
order by disclosure_id, dismissed desc, year, officer_allegations.position
