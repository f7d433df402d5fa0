-- title: How many officers in each year were still under investigation, or are missing from our copy?
-- group: How many, and when?
-- position: 2
-- indexed: true
-- description: >-
--   Officers by year and status: finalised, still under investigation, or counted by the publisher but
--   missing from our copy. Together they add up to the published total for the year.
-- basis: checked
-- answer: >-
--   {%- set f = rows|selectattr("status", "equalto", "finalised")|sum(attribute="officers") -%}
--   {%- set o = rows|selectattr("status", "equalto", "under investigation")|sum(attribute="officers") -%}
--   {%- set m = rows|selectattr("status", "equalto", "missing")|sum(attribute="officers") -%}
--   Of {{ f + o + m }} officers, {{ f }} had had their matters finalised and {{ o }} were still under investigation when the figures were extracted; {{ m }} are missing from our copy.
-- caveats: [officers, under_investigation, missing, rules, selected, wordings]
-- columns:
--   disclosure_id:
--   year:
--   status:
--   officers:
--   same_wording:
-- drilldown:
--   officers: disclosure_id, year, status
-- drawing: {by: year, count: officers, state: status}
-- chart: {mark: bar, x: year, y: officers, color: status}
-- chart_note: The last year may be incomplete, and the rules changed in February 2020.

select
    disclosure_id,
    year,
    status,
    count(*) as officers,
    same_wording(wording_group) as same_wording
from officers_counted
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, year, status
order by disclosure_id, year, status = 'missing', status
