-- title: Under which rules was each year handled?
-- group: How far can the figures be trusted?
-- position: 1
-- description: >-
--   Officers by year and by the rules, of 2012 or of 2020, that the wording of their outcome points
--   to. This is our inference; where the wording fits both it is undecided. Combinations that do
--   not occur have no row.
-- basis: inferred
-- answer: >-
--   {%- set f = rows|selectattr("status", "equalto", "finalised")|list -%}
--   Of {{ f|sum(attribute="officers") }} finalised officers the wording places {{ f|selectattr("regime", "equalto", "2012")|sum(attribute="officers") }} under the rules of 2012, {{ f|selectattr("regime", "equalto", "2020")|sum(attribute="officers") }} under those of 2020, and leaves {{ f|rejectattr("regime")|sum(attribute="officers") }} undecided.
-- caveats: [rules, allegation, officers, open, missing, wordings]
-- columns:
--   disclosure_id:
--   year:
--   regime:
--   status:
--   officers: Officers counted.
--   same_wording:
-- counts:
--   officers: disclosure_id, year, regime, status
-- drawing: {each: regime, called: "rules of {}", by: year, count: officers, state: status}
-- chart: {mark: bar, x: year, y: officers, color: regime}
-- chart_note: The last year may be a part of one, and the rules changed in February 2020.

with wordings as (
    select disclosure_id, year, regime, status, wording_group, count(*) as officers
    from officers_counted
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, year, regime, status, wording_group
)
select
    disclosure_id,
    year,
    regime,
    status,
    sum(officers) as officers,
    max(officers) filter (where wording_group is not null and officers >= 4) as same_wording
from wordings
group by disclosure_id, year, regime, status
order by disclosure_id, year, regime is null, regime, status = 'missing', status
