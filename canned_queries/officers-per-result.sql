-- title: What were the results?
-- group: What came of it?
-- position: 1
-- description: >-
--   Officers by result as published. Where no result stands, status says why: not stated in a
--   finalised row, still under investigation, or missing from our copy.
-- basis: counted
-- answer: >-
--   {%- set named = rows|selectattr("result")|list -%}
--   {%- set first = named|sort(attribute="officers", reverse=true)|first -%}
--   {%- set finalised = rows|selectattr("status", "equalto", "finalised")|sum(attribute="officers") -%}
--   The most frequent result is “{{ first.result }}”: {{ first.officers }} of {{ finalised }} finalised officers.
-- caveats: [allegation, officers, open, missing, rules, wordings]
-- columns:
--   disclosure_id:
--   result:
--   status:
--   officers: Officers counted.
--   same_wording:
-- counts:
--   officers: disclosure_id, result, status
-- drawing: {by: result, count: officers, state: status}
-- chart: {mark: bar, x: result, y: officers, color: status}

with wordings as (
    select disclosure_id, result, status, wording_group, count(*) as officers
    from officers_counted
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, result, status, wording_group
)
select
    disclosure_id,
    result,
    status,
    sum(officers) as officers,
    max(officers) filter (where wording_group is not null and officers >= 4) as same_wording
from wordings
left join results on results.term = result
group by disclosure_id, result, status
order by disclosure_id, result is null, results.position, status = 'missing', status
