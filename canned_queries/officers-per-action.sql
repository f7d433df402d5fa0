-- title: What action was taken?
-- group: What came of it?
-- position: 2
-- description: >-
--   Officers by action as published. "No Action" is a stated value and no blank. Where no action
--   stands, status says why: not stated in a finalised row, still under investigation, or missing
--   from our copy.
-- basis: counted
-- answer: >-
--   {%- set named = rows|selectattr("action")|list -%}
--   {%- set first = named|sort(attribute="officers", reverse=true)|first -%}
--   {%- set finalised = rows|selectattr("status", "equalto", "finalised")|sum(attribute="officers") -%}
--   The most frequent action is “{{ first.action }}”: {{ first.officers }} of {{ finalised }} finalised officers.
-- caveats: [allegation, officers, open, missing, rules, wordings]
-- columns:
--   disclosure_id:
--   action:
--   status:
--   officers: Officers counted.
--   same_wording:
-- counts:
--   officers: disclosure_id, action, status
-- drawing: {by: action, count: officers, state: status}
-- chart: {mark: bar, x: action, y: officers, color: status}

with wordings as (
    select disclosure_id, action, status, wording_group, count(*) as officers
    from officers_counted
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, action, status, wording_group
)
select
    disclosure_id,
    action,
    status,
    sum(officers) as officers,
    max(officers) filter (where wording_group is not null and officers >= 4) as same_wording
from wordings
left join actions on actions.term = action
group by disclosure_id, action, status
order by disclosure_id, action is null, actions.position, status = 'missing', status
