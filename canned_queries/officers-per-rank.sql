-- title: How many officers of each rank?
-- group: Which ranks?
-- position: 1
-- description: >-
--   Officers by rank as published: "Unknown" is the publisher's word, and so is "Inspector +", for
--   inspectors and every rank above. Where no rank stands, status says why: not stated in a
--   finalised row, still under investigation, or missing from our copy.
-- basis: counted
-- answer: >-
--   {%- set named = rows|selectattr("rank")|list -%}
--   {%- set first = named|sort(attribute="officers", reverse=true)|first -%}
--   {%- set finalised = rows|selectattr("status", "equalto", "finalised")|sum(attribute="officers") -%}
--   The most frequent rank is “{{ first.rank }}”: {{ first.officers }} of {{ finalised }} finalised officers.
-- caveats: [officers, open, missing, rules, selected, wordings]
-- columns:
--   disclosure_id:
--   rank:
--   status:
--   officers: Officers counted.
--   same_wording:
-- counts:
--   officers: disclosure_id, rank, status
-- drawing: {by: rank, count: officers, state: status}
-- chart: {mark: bar, x: rank, y: officers, color: status}

with wordings as (
    select disclosure_id, rank, status, wording_group, count(*) as officers
    from officers_counted
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, rank, status, wording_group
)
select
    disclosure_id,
    rank,
    status,
    sum(officers) as officers,
    max(officers) filter (where wording_group is not null and officers >= 4) as same_wording
from wordings
left join ranks on ranks.term = rank
group by disclosure_id, rank, status
order by disclosure_id, rank is null, ranks.position, status = 'missing', status
