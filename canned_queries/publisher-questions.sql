-- title: What should the publisher be asked?
-- group: How reliable are the figures?
-- position: 4
-- description: >-
--   Published rows that raise a query, each with wording to send to the publisher; together they make a
--   letter. It is our view that they raise a query. We have changed nothing and do not say that the
--   document is wrong.
-- basis: inferred
-- answer: >-
--   {%- set rules = rows|map(attribute="rule")|unique|list|length -%}
--   {{ rows|length }} {{ "row raises a query" if rows|length == 1 else "rows raise queries" }} for the publisher, under {{ rules }} {{ "rule" if rules == 1 else "rules" }}.
-- caveats: [allegation, officers, rules, people]
-- columns:
--   id:
--   disclosure_id:
--   rule:
--   letter: The row, what it states, and the query, ready to send.
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
    'In ' || reference || ', row ' || rows.position || ' of the table in our copy (' || year || ', '
        || coalesce(rank, 'rank not stated')
        || '): result ' || coalesce('“' || result || '”', 'not stated')
        || ', action ' || coalesce('“' || action || '”', 'not stated')
        || ', sanction ' || coalesce('“' || sanction || '”', 'not stated') || '. ' || question as letter,
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
