-- title: What were the results?
-- group: What were the outcomes?
-- position: 1
-- indexed: true
-- description: >-
--   Officers by result as published. Where the result is blank, status says why: not stated in a
--   finalised row, still under investigation, or missing from our copy.
-- basis: counted
-- answer: >-
--   {%- set named = rows|selectattr("result")|list -%}
--   {%- set first = named|sort(attribute="officers", reverse=true)|first -%}
--   {%- set finalised = rows|selectattr("status", "equalto", "finalised")|sum(attribute="officers") -%}
--   The most common result is “{{ first.result }}”: {{ first.officers }} of the {{ finalised }} officers whose matters were finalised.
-- caveats: [allegation, officers, under_investigation, missing, rules, wordings]
-- columns:
--   disclosure_id:
--   result:
--   status:
--   officers:
--   same_wording:
-- drilldown:
--   officers: disclosure_id, result, status
-- drawing: {by: result, count: officers, state: status}
-- chart: {mark: bar, x: result, y: officers, color: status}

select
    disclosure_id,
    result,
    status,
    count(*) as officers,
    same_wording(wording_group) as same_wording
from officers_counted
left join results on results.term = result
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, result, status
order by disclosure_id, result is null, results.position, status = 'missing', status
