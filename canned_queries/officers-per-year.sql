-- title: How many officers did the publisher count for each year?
-- group: How many, and when?
-- position: 1
-- indexed: true
-- description: >-
--   Officers that the publisher counted in each year, and how many of them are in our copy.
--   The columns covered_from and covered_to show which part of a year a disclosure covers.
-- basis: checked
-- answer: >-
--   {%- set m = rows|sum(attribute="missing") -%}
--   The publisher counted {{ rows|sum(attribute="published") }} officers from {{ rows[0].year }} to {{ rows[-1].year }}. Our copy has {{ rows|sum(attribute="found") }}, of whom {{ rows|sum(attribute="under_investigation") }} were still under investigation; {{ m if m >= 0 else -m }} {{ "are missing" if m >= 0 else "more than it counted" }}.
-- caveats: [officers, rules, under_investigation, missing, selected, wordings]
-- columns:
--   disclosure_id:
--   year:
--   covered_from: First day in this year that the disclosure covers.
--   covered_to: Last day in this year that the disclosure covers. If it is before 31 December, the year is
--     incomplete.
--   published:
--   found:
--   finalised:
--   under_investigation:
--   missing:
--   same_wording:
-- drilldown:
--   found: disclosure_id, year
--   finalised: disclosure_id, year, status=finalised
--   under_investigation: disclosure_id, year, status=under investigation
-- drawing: {by: year, parts: {finalised: finalised, under investigation: under_investigation, missing: missing}, partial_until: covered_to}
-- chart: {mark: bar, x: year, y: officers, color: status, of: year-by-status}
-- chart_note: The rules changed in February 2020.

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
        select same_wording(wording_group)
        from officers_counted as counted
        where counted.disclosure_id = reconciliation.disclosure_id
            and counted.year = reconciliation.year
    ) as same_wording
from reconciliation
join disclosures on disclosures.id = disclosure_id
where :disclosure_id in ('', disclosure_id)
order by disclosure_id, year
