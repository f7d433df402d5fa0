-- title: Which rules applied in each year?
-- group: How reliable are the figures?
-- position: 1
-- indexed: true
-- description: >-
--   Officers by year and by the set of rules, 2012 or 2020, that the wording of their outcome points to.
--   This is our inference; where the wording doesn’t settle it, the rules are undecided.
--   Combinations that don’t occur have no row.
-- basis: inferred
-- answer: >-
--   {%- set f = rows|selectattr("status", "equalto", "finalised")|list -%}
--   Of the {{ f|sum(attribute="officers") }} officers whose matters were finalised, the wording places {{ f|selectattr("regime", "equalto", "2012")|sum(attribute="officers") }} under the 2012 rules and {{ f|selectattr("regime", "equalto", "2020")|sum(attribute="officers") }} under the 2020 rules, and leaves {{ f|rejectattr("regime")|sum(attribute="officers") }} undecided.
-- caveats: [rules, allegation, officers, under_investigation, missing, wordings]
-- columns:
--   disclosure_id:
--   year:
--   regime:
--   status:
--   officers:
--   same_wording:
-- drilldown:
--   officers: disclosure_id, year, regime, status
-- drawing: {panel: regime, panel_title: "{} rules", by: year, count: officers, state: status}
-- chart: {mark: bar, x: year, y: officers, color: regime}
-- chart_note: The last year may be incomplete, and the rules changed in February 2020.

select
    disclosure_id,
    year,
    regime,
    status,
    count(*) as officers,
    same_wording(wording_group) as same_wording
from officers_counted
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, year, regime, status
order by disclosure_id, year, regime is null, regime, status = 'missing', status
