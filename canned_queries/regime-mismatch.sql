-- title: Which rows use terms that don’t fit their year?
-- group: How reliable are the figures?
-- position: 2
-- description: >-
--   Rows dated before 2020 that use terms of the 2020 rules, and rows dated 2020 or later that use terms
--   of the 2012 rules. Neither need be an error: the rules depend on when the matter came to the
--   force’s attention (SI 2020/2, regulation 2). They show why you can’t tell the rules from the year.
-- basis: inferred
-- answer: >-
--   {{ rows|selectattr("regime", "equalto", "2020")|list|length }} rows dated before 2020 use terms of the 2020 rules, and {{ rows|selectattr("regime", "equalto", "2012")|list|length }} dated 2020 or later use terms of the 2012 rules.
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
