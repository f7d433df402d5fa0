-- title: How many were sanctioned in each year?
-- group: What came of it?
-- position: 8
-- description: >-
--   Finalised officers by whether a sanction on the scale of the Conduct Regulations is stated, and
--   their share. Whoever was still under investigation or is missing may yet belong to either side:
--   the share lies anywhere between its bounds. This is a count and no sample, so there is no
--   confidence interval.
-- basis: counted
-- answer: >-
--   {%- set s = rows|sum(attribute="sanctioned") -%}{%- set f = rows|sum(attribute="finalised") -%}
--   {%- set u = rows|sum(attribute="under_investigation") + rows|sum(attribute="missing") -%}
--   A sanction on the scale is stated for {{ s }} of {{ f }} finalised officers ({{ "%.1f"|format(100 * s / f) if f else "none" }} %); taking those with no sanction stated for not sanctioned, and whatever may come of the {{ u }} who were open or are missing, it is between {{ "%.1f"|format(100 * s / (f + u)) }} and {{ "%.1f"|format(100 * (s + u) / (f + u)) }} %.
-- caveats: [allegation, open, rules, officers, missing, wordings]
-- columns:
--   disclosure_id:
--   year:
--   finalised:
--   sanctioned: Finalised officers with a sanction on the scale, management advice to dismissal.
--   off_scale: Finalised officers with a stated sanction that is on neither scale, such as "No Action" or a referral to reflective practice.
--   not_stated: Finalised officers for whom no sanction is stated, which is not the same as none.
--   under_investigation:
--   missing:
--   same_wording:
--   share: sanctioned over finalised, from 0 to 1; who has no sanction stated counts as not sanctioned. NULL where fewer than 5 are finalised.
--   share_lowest: The share if all who are open or missing turned out without a sanction on the scale. NULL where share is.
--   share_highest: The share if all of them turned out with one. NULL where share is.
-- counts:
--   finalised: disclosure_id, year, status=finalised
--   not_stated: disclosure_id, year, status=finalised, sanction__isnull=1
--   under_investigation: disclosure_id, year, status=under investigation
-- drawing: {by: year, share: share, lowest: share_lowest, highest: share_highest}
-- chart: {mark: bar, x: year, y: officers, color: sanction, of: year-by-sanction}
-- chart_note: What is open, missing or not stated is drawn as such; the rules changed in February 2020.

with years as (
    select
        disclosure_id,
        year,
        count(*) filter (where status = 'finalised') as finalised,
        count(severity) as sanctioned,
        count(sanction) - count(severity) as off_scale,
        count(*) filter (where status = 'finalised' and sanction is null) as not_stated,
        count(*) filter (where status = 'under investigation') as under_investigation,
        count(*) filter (where status = 'missing') as missing
    from officers_counted
    left join sanctions on sanctions.term = sanction
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, year
)
select
    *,
    (
        select max(together)
        from (
            select count(*) as together
            from officers_counted as alike
            where alike.disclosure_id = years.disclosure_id
                and alike.year = years.year
                and alike.status = 'finalised'
                and alike.wording_group is not null
            group by alike.wording_group
            having count(*) >= 4
        )
    ) as same_wording,
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
