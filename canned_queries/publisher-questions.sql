-- title: What should the publisher be asked?
-- group: How far can the figures be trusted?
-- position: 4
-- description: >-
--   Rows as published that call for a question, each with the sentence in which it can be put:
--   together they make a letter. The rows are shown as published; that a question can be asked is
--   our reading, and no error is claimed.
-- basis: inferred
-- answer: >-
--   {{ rows|length }} rows raise {{ rows|map(attribute="rule")|unique|list|length }} kinds of question.
-- caveats: [allegation, officers, rules, people]
-- columns:
--   id:
--   disclosure_id:
--   rule:
--   letter: The row, what it states, and the question, to be sent as they stand.
--   line:
--   year:
--   result:
--   action:
--   sanction:
--   status:

select
    rows.id,
    disclosure_id,
    rule,
    'In ' || reference || ', row ' || rows.position || ' of the table (' || year || ', '
        || coalesce(rank, 'rank not stated')
        || '): result "' || coalesce(result, 'not stated')
        || '", action "' || coalesce(action, 'not stated')
        || '", sanction "' || coalesce(sanction, 'not stated') || '". ' || question as letter,
    line,
    year,
    result,
    action,
    sanction,
    status
from publisher_questions
join officer_allegations as rows on rows.id = allegation_id
join disclosures on disclosures.id = disclosure_id
where :disclosure_id in ('', disclosure_id)
order by disclosure_id, rule, rows.position
