-- title: What share of the officers counted for each year were sanctioned?
-- group: What were the outcomes?
-- position: 8
-- indexed: true
-- description: >-
--   Officers in each year whose matters were finalised, by whether a sanction on our severity scale (management advice to
--   dismissal) is stated, and the share who have one. The year is the one published for the matter, not
--   that of the sanction. Officers still under investigation or missing could fall on either side, so, if
--   “not stated” means none, the true share could be anywhere between the two bounds. This is a full
--   count, not a sample, so there is no confidence interval.
-- basis: counted
-- answer: >-
--   {%- set s = rows|sum(attribute="sanctioned") -%}{%- set f = rows|sum(attribute="finalised") -%}
--   {%- set u = rows|sum(attribute="under_investigation") + rows|sum(attribute="missing") -%}
--   {{ s }} of the {{ f }} officers whose matters were finalised{% if f %} ({{ "%.1f"|format(100 * s / f) }}%){% endif %} have a sanction on the scale. If “not stated” means none, the true share is between {{ "%.1f"|format(100 * s / (f + u)) }}% and {{ "%.1f"|format(100 * (s + u) / (f + u)) }}%, depending on the outcomes of the {{ u }} officers still under investigation or missing.
-- caveats: [allegation, under_investigation, rules, officers, missing, wordings]
-- columns:
--   disclosure_id:
--   year:
--   finalised:
--   sanctioned:
--   off_scale:
--   not_stated: Officers whose matters were finalised with no sanction stated, which is not the same as none.
--   under_investigation:
--   missing:
--   same_wording:
--   share: Officers sanctioned divided by officers whose matters were finalised, from 0 to 1; officers with no sanction stated count as not sanctioned. NULL where fewer than 5 officers’ matters were finalised.
--   share_lowest: The share if nobody under investigation or missing turns out to have a sanction on the scale. NULL where share is NULL.
--   share_highest: The share if everyone under investigation or missing turns out to have a sanction on the scale. NULL where share is NULL.
-- drilldown:
--   finalised: disclosure_id, year, status=finalised
--   not_stated: disclosure_id, year, status=finalised, sanction__isnull=1
--   under_investigation: disclosure_id, year, status=under investigation
-- drawing: {by: year, share: share, lower: share_lowest, upper: share_highest}
-- chart: {mark: bar, x: year, y: officers, color: sanction, of: year-by-sanction}
-- chart_note: The rules changed in February 2020.

with years as (
    select
        disclosure_id,
        year,
        count(*) filter (where status = 'finalised') as finalised,
        count(severity) as sanctioned,
        count(sanction) - count(severity) as off_scale,
        count(*) filter (where status = 'finalised' and sanction is null) as not_stated,
        count(*) filter (where status = 'under investigation') as under_investigation,
        count(*) filter (where status = 'missing') as missing,
        same_wording(wording_group) filter (where status = 'finalised') as same_wording
    from officers_counted
    left join sanctions on sanctions.term = sanction
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, year
)
select
    *,
    iif(finalised >= 5, round(1.0 * sanctioned / finalised, 3), null) as share,
    iif(
        finalised >= 5,
        round(1.0 * sanctioned / (finalised + under_investigation + missing), 3),
        null
    ) as share_lowest,
    iif(
        finalised >= 5,
        round(
            1.0 * (sanctioned + under_investigation + missing)
                / (finalised + under_investigation + missing),
            3
        ),
        null
    ) as share_highest
from years
order by disclosure_id, year
