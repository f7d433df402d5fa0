-- title: How much of each year was still open, or is missing?
-- group: How many, and when?
-- position: 2
-- description: >-
--   Officers by year and by what is known of them: finalised, still under investigation, or
--   counted by the publisher and missing from our copy. Together they are the published total of
--   the year.
-- basis: checked
-- answer: >-
--   {%- set f = rows|selectattr("status", "equalto", "finalised")|sum(attribute="officers") -%}
--   {%- set o = rows|selectattr("status", "equalto", "under investigation")|sum(attribute="officers") -%}
--   {%- set m = rows|selectattr("status", "equalto", "missing")|sum(attribute="officers") -%}
--   Of {{ f + o + m }} officers {{ f }} were finalised, {{ o }} were still under investigation when the figures were drawn, and {{ m }} are missing from our copy.
-- caveats: [officers, open, missing, rules, selected, wordings]
-- columns:
--   disclosure_id:
--   year:
--   status:
--   officers: Officers counted.
--   same_wording:
-- counts:
--   officers: disclosure_id, year, status
-- drawing: {by: year, count: officers, state: status}
-- chart: {mark: bar, x: year, y: officers, color: status}
-- chart_note: The last year may be a part of one, and the rules changed in February 2020.

with wordings as (
    select disclosure_id, year, status, wording_group, count(*) as officers
    from officers_counted
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, year, status, wording_group
)
select
    disclosure_id,
    year,
    status,
    sum(officers) as officers,
    max(officers) filter (where wording_group is not null and officers >= 4) as same_wording
from wordings
group by disclosure_id, year, status
order by disclosure_id, year, status = 'missing', status
