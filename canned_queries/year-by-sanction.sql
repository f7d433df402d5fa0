-- title: How do the sanctions differ from year to year?
-- group: What came of it?
-- position: 10
-- description: >-
--   Officers by year and sanction; a blank sanction is explained by status. Combinations that do
--   not occur have no row.
-- basis: counted
-- caveats: [allegation, rules, officers, open, missing, wordings]
-- columns:
--   disclosure_id:
--   year:
--   sanction:
--   severity:
--   status:
--   officers: Officers counted.
--   same_wording:
-- counts:
--   officers: disclosure_id, year, sanction, status
-- drawing: {each: sanction, by: year, count: officers, state: status}
-- chart: {mark: bar, x: year, y: officers, color: sanction}
-- chart_note: The last year may be a part of one, and the rules changed in February 2020.

with wordings as (
    select disclosure_id, year, sanction, status, wording_group, count(*) as officers
    from officers_counted
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, year, sanction, status, wording_group
)
select
    disclosure_id,
    year,
    sanction,
    severity,
    status,
    sum(officers) as officers,
    max(officers) filter (where wording_group is not null and officers >= 4) as same_wording
from wordings
left join sanctions on sanctions.term = sanction
group by disclosure_id, year, sanction, status
order by
    disclosure_id,
    year,
    sanction is null,
    sanctions.position,
    status = 'missing',
    status
