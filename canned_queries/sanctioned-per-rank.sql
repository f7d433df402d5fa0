-- title: How many were sanctioned at each rank?
-- group: What came of it?
-- position: 9
-- description: >-
--   Finalised officers by rank and by whether a sanction on the scale of the Conduct Regulations is
--   stated, and their share. Of those under investigation or missing neither rank nor outcome is
--   known: all of them may be of one rank, so the bounds are wide. This is a count and no sample,
--   so there is no confidence interval.
-- basis: counted
-- caveats: [allegation, open, officers, missing, rules, wordings]
-- columns:
--   disclosure_id:
--   rank:
--   status:
--   officers: Officers counted.
--   sanctioned: Finalised officers with a sanction on the scale, management advice to dismissal.
--   off_scale: Finalised officers with a stated sanction that is on neither scale, such as "No Action" or a referral to reflective practice.
--   not_stated: Finalised officers for whom no sanction is stated, which is not the same as none.
--   of_unknown_rank: Officers of the disclosure who are open or missing, or whose rank is not stated, and may be of any rank.
--   same_wording:
--   share: sanctioned over finalised, from 0 to 1; who has no sanction stated counts as not sanctioned. NULL where fewer than 5 are finalised.
--   share_lowest: The share if all who are open or missing were of this rank and turned out without a sanction on the scale. NULL where share is.
--   share_highest: The share if all of them were of this rank and turned out with one. NULL where share is.
-- counts:
--   officers: disclosure_id, rank, status
--   not_stated: disclosure_id, rank, status, sanction__isnull=1
-- drawing: {by: rank, share: share, lowest: share_lowest, highest: share_highest}
-- chart: {mark: bar, x: rank, y: officers, color: sanction, of: rank-by-sanction}
-- chart_note: What is open, missing or not stated is drawn as such; the rules changed in February 2020.

with counted as (
    select
        disclosure_id,
        rank,
        status,
        count(*) as officers,
        count(severity) as sanctioned,
        count(sanction) as stated
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
    (
        select max(together)
        from (
            select count(*) as together
            from officers_counted as alike
            where alike.disclosure_id = counted.disclosure_id
                and alike.rank is counted.rank
                and alike.status = counted.status
                and alike.wording_group is not null
            group by alike.wording_group
            having count(*) >= 4
        )
    ) as same_wording,
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
