-- title: What action was taken?
-- group: What were the outcomes?
-- position: 2
-- indexed: true
-- description: >-
--   Officers by action as published. “No Action” is a published value, not a blank. Where the action is blank, status says why: not stated in a
--   finalised row, still under investigation, or missing from our copy.
-- basis: counted
-- answer: >-
--   {%- set named = rows|selectattr("action")|list -%}
--   {%- set first = named|sort(attribute="officers", reverse=true)|first -%}
--   {%- set finalised = rows|selectattr("status", "equalto", "finalised")|sum(attribute="officers") -%}
--   The most common action is “{{ first.action }}”: {{ first.officers }} of the {{ finalised }} officers whose matters were finalised.
-- caveats: [allegation, officers, under_investigation, missing, rules, wordings]
-- columns:
--   disclosure_id:
--   action:
--   status:
--   officers:
--   same_wording:
-- drilldown:
--   officers: disclosure_id, action, status
-- drawing: {by: action, count: officers, state: status}
-- chart: {mark: bar, x: action, y: officers, color: status}

select
    disclosure_id,
    action,
    status,
    count(*) as officers,
    same_wording(wording_group) as same_wording
from officers_counted
left join actions on actions.term = action
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, action, status
order by disclosure_id, action is null, actions.position, status = 'missing', status
