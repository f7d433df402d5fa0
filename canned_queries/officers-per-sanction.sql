-- title: What were the sanctions?
-- group: What came of it?
-- position: 3
-- description: >-
--   Officers by sanction as published. severity is our scale, from 1, management advice, to 5,
--   dismissal; it is blank where the sanction is on no scale, or none stands. Where no sanction
--   stands, status says why: not stated in a finalised row, still under investigation, or missing
--   from our copy.
-- basis: counted
-- answer: >-
--   {%- set finalised = rows|selectattr("status", "equalto", "finalised")|sum(attribute="officers") -%}
--   {%- set graded = rows|selectattr("severity")|sum(attribute="officers") -%}
--   {%- set blank = rows|selectattr("status", "equalto", "finalised")|rejectattr("sanction")|sum(attribute="officers") -%}
--   A sanction on the scale is stated for {{ graded }} of {{ finalised }} finalised officers; for {{ blank }} none is stated.
-- caveats: [allegation, officers, open, missing, rules, wordings]
-- columns:
--   disclosure_id:
--   sanction:
--   severity:
--   status:
--   officers: Officers counted.
--   same_wording:
-- counts:
--   officers: disclosure_id, sanction, status
-- drawing: {by: sanction, count: officers, state: status}
-- chart: {mark: bar, x: sanction, y: officers, color: status}

with wordings as (
    select disclosure_id, sanction, status, wording_group, count(*) as officers
    from officers_counted
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, sanction, status, wording_group
)
select
    disclosure_id,
    sanction,
    severity,
    status,
    sum(officers) as officers,
    max(officers) filter (where wording_group is not null and officers >= 4) as same_wording
from wordings
left join sanctions on sanctions.term = sanction
group by disclosure_id, sanction, status
order by disclosure_id, sanction is null, sanctions.position, status = 'missing', status
