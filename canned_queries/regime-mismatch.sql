-- title: Which rows were handled under other rules than their year suggests?
-- group: How far can the figures be trusted?
-- position: 2
-- description: >-
--   Rows of a year before 2020 whose wording belongs to the rules of 2020, and rows of 2020 or
--   later whose wording belongs to those of 2012. Neither is an error: what decides is when the
--   matter came to the force's attention (SI 2020/2, regulation 2). They show why the year does not
--   tell the rules.
-- basis: inferred
-- answer: >-
--   {{ rows|selectattr("regime", "equalto", "2020")|list|length }} rows dated before 2020 have words of the rules of 2020, and {{ rows|selectattr("regime", "equalto", "2012")|list|length }} dated 2020 or later have words of those of 2012.
-- caveats: [rules, allegation, officers, redacted, people]
-- columns:
--   id:
--   disclosure_id:
--   year:
--   regime:
--   regime_basis:
--   result:
--   action:
--   sanction:
--   status:
--   line:
--   summary:
--   withdrawn_on:
--   redaction_band:

select
    id,
    disclosure_id,
    year,
    regime,
    regime_basis,
    result,
    action,
    sanction,
    status,
    line,
    summary,
    withdrawn_on,
    redaction_band
from officer_allegations
where (regime = '2020' and year < 2020 or regime = '2012' and year >= 2020)
    and :disclosure_id in ('', disclosure_id)
order by disclosure_id, position
