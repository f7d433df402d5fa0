-- title: How many officers of each rank were sanctioned?
-- group: What were the outcomes?
-- position: 9
-- indexed: true
-- description: >-
--   Officers whose matters were finalised, by rank and by whether a sanction on our severity scale (management advice to
--   dismissal) is stated, and the share who have one. We don’t know the rank or outcome of officers still under
--   investigation or missing. They could all be of one rank, so the bounds are wide. This is a full
--   count, not a sample, so there is no confidence interval.
-- basis: counted
-- caveats: [allegation, under_investigation, officers, missing, rules, wordings]
-- columns:
--   disclosure_id:
--   rank:
--   status:
--   officers:
--   sanctioned:
--   off_scale:
--   not_stated: Officers whose matters were finalised with no sanction stated, which is not the same as none.
--   of_unknown_rank: Officers in the disclosure who are under investigation or missing, or whose rank is not stated; not those whose published rank is “Unknown”. They could be of any rank.
--   same_wording:
--   share: Officers sanctioned divided by officers whose matters were finalised, from 0 to 1; officers with no sanction stated count as not sanctioned. NULL where fewer than 5 officers’ matters were finalised.
--   share_lowest: The share if all the officers in of_unknown_rank were of this rank and had no sanction on the scale. NULL where share is NULL.
--   share_highest: The share if all the officers in of_unknown_rank were of this rank and had a sanction on the scale. NULL where share is NULL.
-- drilldown:
--   officers: disclosure_id, rank, status
--   not_stated: disclosure_id, rank, status, sanction__isnull=1
-- drawing: {by: rank, share: share, lower: share_lowest, upper: share_highest}
-- chart: {mark: bar, x: rank, y: officers, color: sanction, of: rank-by-sanction}
-- chart_note: The rules changed in February 2020.

with counted as (
    select
        disclosure_id,
        rank,
        status,
        count(*) as officers,
        count(severity) as sanctioned,
        count(sanction) as stated,
        same_wording(wording_group) as same_wording
    from officers_counted
    left join sanctions on sanctions.term = sanction
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, rank, status
),
unknown as (
    select
        disclosure_id,
        coalesce(sum(officers) filter (where status <> 'finalised' or rank is null), 0) as of_unknown_rank
    from counted
    group by disclosure_id
)
select
    disclosure_id,
    rank,
    status,
    officers,
    iif(status = 'finalised', sanctioned, null) as sanctioned,
    iif(status = 'finalised', stated - sanctioned, null) as off_scale,
    iif(status = 'finalised', officers - stated, null) as not_stated,
    iif(status = 'finalised', of_unknown_rank, null) as of_unknown_rank,
    same_wording,
    iif(
        status = 'finalised' and officers >= 5, round(1.0 * sanctioned / officers, 3), null
    ) as share,
    iif(
        status = 'finalised' and officers >= 5,
        round(1.0 * sanctioned / (officers + of_unknown_rank), 3),
        null
    ) as share_lowest,
    iif(
        status = 'finalised' and officers >= 5,
        round(1.0 * (sanctioned + of_unknown_rank) / (officers + of_unknown_rank), 3),
        null
    ) as share_highest
from counted
join unknown using (disclosure_id)
left join ranks on ranks.term = rank
order by disclosure_id, rank is null, ranks.position, status = 'missing', status
