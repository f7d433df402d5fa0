-- title: Which platforms and kinds of conduct do the summaries mention?
-- group: What was alleged?
-- position: 1
-- indexed: true
-- description: >-
--   Officers in each year whose summary mentions a platform or a kind of conduct in its visible
--   words. There may be more: words were withheld, and we search for a fixed list of words. A summary can
--   mention several, so the figures for a year cannot be added up. A platform may be named without
--   having been used, and the publisher searched for some of these words to choose the cases. A year
--   with no mentions has no row.
-- basis: at least
-- caveats: [selected, redacted, allegation, officers, rules, under_investigation, missing, wordings]
-- columns:
--   disclosure_id:
--   year:
--   kind:
--   mention:
--   officers: Officers whose summary mentions it; there may be more.
--   same_wording:
--   summaries: Officers in the year whose summary has visible words, or had before this site withdrew them.
--   no_words: Officers in the year whose summary is wholly redacted.
--   not_stated: Officers in the year whose matters were finalised and who have no summary.
--   under_investigation:
--   missing:
-- drawing: {panel: mention, by: year, count: officers, at_least: true}
-- chart: {mark: bar, x: year, y: officers, color: mention}
-- chart_note: One officer can count under several mentions, so they cannot be added up. The rules changed in February 2020.

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
)
select
    disclosure_id,
    year,
    kind,
    mention,
    count(*) as officers,
    same_wording(wording_group) as same_wording,
    summaries,
    no_words,
    not_stated,
    under_investigation,
    missing
from mentions
join officers_counted on officers_counted.id = allegation_id
join years using (disclosure_id, year)
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, year, kind, mention
order by disclosure_id, year, kind desc, officers desc, mention
