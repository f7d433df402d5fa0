-- title: Which platforms and kinds of conduct do the summaries mention?
-- group: What was alleged?
-- position: 1
-- description: >-
--   Officers of each year whose summary mentions a platform or a kind of conduct in words that can
--   be read. At least these: words were withheld, and our patterns know only the words that they
--   name. A summary may mention several, so the figures of a year add up to nothing. A platform may be named without
--   having been used, and the publisher searched for some of these words to choose the cases. A year in which nothing is mentioned has no row.
-- basis: at least
-- caveats: [selected, redacted, allegation, officers, rules, open, missing, wordings]
-- columns:
--   disclosure_id:
--   year:
--   kind:
--   mention:
--   officers: Officers whose summary mentions it, at least.
--   same_wording:
--   summaries: Officers of the year whose summary has words that can be read, or had before they were withdrawn.
--   no_words: Officers of the year whose summary is wholly redacted.
--   not_stated: Finalised officers of the year without a summary.
--   under_investigation:
--   missing:
-- drawing: {each: mention, by: year, count: officers}
-- chart: {mark: bar, x: year, y: officers, color: mention}
-- chart_note: One officer may stand under several mentions, which add up to nothing; the rules changed in February 2020.

with years as (
    select
        disclosure_id,
        year,
        count(*) filter (where visible_words > 0) as summaries,
        count(*) filter (where visible_words = 0) as no_words,
        count(*) filter (where status = 'finalised' and visible_words is null) as not_stated,
        count(*) filter (where status = 'under investigation') as under_investigation,
        count(*) filter (where status = 'missing') as missing
    from officers_counted
    group by disclosure_id, year
),
wordings as (
    select disclosure_id, year, kind, mention, wording_group, count(*) as officers
    from mentions
    join officers_counted on officers_counted.id = allegation_id
    where :disclosure_id in ('', disclosure_id)
    group by disclosure_id, year, kind, mention, wording_group
)
select
    disclosure_id,
    year,
    kind,
    mention,
    sum(officers) as officers,
    max(officers) filter (where wording_group is not null and officers >= 4) as same_wording,
    summaries,
    no_words,
    not_stated,
    under_investigation,
    missing
from wordings
join years using (disclosure_id, year)
group by disclosure_id, year, kind, mention
order by disclosure_id, year, kind desc, sum(officers) desc, mention
