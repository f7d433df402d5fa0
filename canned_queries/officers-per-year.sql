-- title: How many officers in each year?
-- group: How many, and when?
-- position: 1
-- description: >-
--   Officers whom the publisher counted in each year, and what our copy holds of them.
--   covered_from and covered_to tell which part of a year a disclosure covers.
-- basis: checked
-- answer: >-
--   The publisher counts {{ rows|sum(attribute="published") }} officers from {{ rows[0].year }} to {{ rows[-1].year }}; our copy holds {{ rows|sum(attribute="found") }} of them, of whom {{ rows|sum(attribute="under_investigation") }} were still under investigation, and {{ rows|sum(attribute="missing") }} are missing.
-- caveats: [officers, rules, open, missing, selected, wordings]
-- columns:
--   disclosure_id:
--   year:
--   covered_from: First day of the year that the disclosure covers.
--   covered_to: Last day of the year that the disclosure covers. A year that ends early is not a whole one.
--   published:
--   found:
--   finalised:
--   under_investigation:
--   missing:
--   same_wording:
-- counts:
--   found: disclosure_id, year
--   finalised: disclosure_id, year, status=finalised
--   under_investigation: disclosure_id, year, status=under investigation
-- drawing: {by: year, parts: {finalised: finalised, under investigation: under_investigation, missing: missing}, until: covered_to}
-- chart: {mark: bar, x: year, y: officers, color: status, of: year-by-status}
-- chart_note: What is open, missing or not stated is drawn as such; the rules changed in February 2020.

select
    disclosure_id,
    year,
    max(covers_from, year || '-01-01') as covered_from,
    min(covers_to, year || '-12-31') as covered_to,
    published,
    found,
    finalised,
    under_investigation,
    missing,
    (
        select max(officers)
        from (
            select count(*) as officers
            from officers_counted
            where officers_counted.disclosure_id = reconciliation.disclosure_id
                and officers_counted.year = reconciliation.year
                and wording_group is not null
            group by wording_group
            having count(*) >= 4
        )
    ) as same_wording
from reconciliation
join disclosures on disclosures.id = disclosure_id
where :disclosure_id in ('', disclosure_id)
order by disclosure_id, year
