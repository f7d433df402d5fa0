-- title: Which ranks did the officers hold?
-- group: Which ranks?
-- position: 1
-- indexed: true
-- description: >-
--   Officers by rank as published. “Unknown” is the publisher’s word; so is “Inspector +”, for
--   inspectors and every rank above. Where the rank is blank, status says why: not stated in a
--   finalised row, still under investigation, or missing from our copy.
-- basis: counted
-- answer: >-
--   {%- set named = rows|selectattr("rank")|list -%}
--   {%- set first = named|sort(attribute="officers", reverse=true)|first -%}
--   {%- set finalised = rows|selectattr("status", "equalto", "finalised")|sum(attribute="officers") -%}
--   The most common rank is “{{ first.rank }}”: {{ first.officers }} of the {{ finalised }} officers whose matters were finalised.
-- caveats: [officers, under_investigation, missing, rules, selected, wordings]
-- columns:
--   disclosure_id:
--   rank:
--   status:
--   officers:
--   same_wording:
-- drilldown:
--   officers: disclosure_id, rank, status
-- drawing: {by: rank, count: officers, state: status}
-- chart: {mark: bar, x: rank, y: officers, color: status}

select
    disclosure_id,
    rank,
    status,
    count(*) as officers,
    same_wording(wording_group) as same_wording
from officers_counted
left join ranks on ranks.term = rank
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, rank, status
order by disclosure_id, rank is null, ranks.position, status = 'missing', status
