-- title: What were the sanctions?
-- group: What were the outcomes?
-- position: 3
-- indexed: true
-- description: >-
--   Officers by sanction as published. The column severity is our scale, from 1 (management
--   advice) to 5 (dismissal); it is blank where the sanction is not on the scale or is not stated. Where the
--   sanction is blank, status says why: not stated in a finalised row, still under investigation, or missing from
--   our copy.
-- basis: counted
-- answer: >-
--   {%- set finalised = rows|selectattr("status", "equalto", "finalised")|sum(attribute="officers") -%}
--   {%- set graded = rows|selectattr("severity")|sum(attribute="officers") -%}
--   {%- set blank = rows|selectattr("status", "equalto", "finalised")|rejectattr("sanction")|sum(attribute="officers") -%}
--   {{ graded }} of the {{ finalised }} officers whose matters were finalised have a sanction, from management advice to dismissal; {{ finalised - graded - blank }} have another entry and {{ blank }} have none stated.
-- caveats: [allegation, officers, under_investigation, missing, rules, wordings]
-- columns:
--   disclosure_id:
--   sanction:
--   severity:
--   status:
--   officers:
--   same_wording:
-- drilldown:
--   officers: disclosure_id, sanction, status
-- drawing: {by: sanction, count: officers, state: status}
-- chart: {mark: bar, x: sanction, y: officers, color: status}

select
    disclosure_id,
    sanction,
    severity,
    status,
    count(*) as officers,
    same_wording(wording_group) as same_wording
from officers_counted
left join sanctions on sanctions.term = sanction
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, sanction, status
order by disclosure_id, sanction is null, sanctions.position, status = 'missing', status
