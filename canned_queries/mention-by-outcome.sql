-- title: What happened to officers whose summaries mention a subject?
-- group: What was alleged?
-- position: 2
-- indexed: true
-- description: >-
--   Officers in each year whose summary mentions a platform or a kind of conduct in its visible words, by
--   the outcome stated. Every figure is at least this many: words were withheld, we search for a fixed list
--   of words, and most rows state no sanction. A summary can mention several, so the rows for a year
--   cannot be added up. A year with no mentions has no row.
-- basis: at least
-- caveats: [selected, redacted, allegation, officers, rules, under_investigation, missing, wordings]
-- parameters:
--   mention: {label: Mentioning, choices: mention_patterns.mention}
-- columns:
--   disclosure_id:
--   kind:
--   mention:
--   year:
--   officers: Officers whose summary mentions it; there may be more.
--   dismissed: Of those officers, how many were dismissed, by the sanction stated.
--   would_have_been_dismissed: Those who would have been dismissed; we take this to mean that they had left.
--   other_sanction: Those with another sanction on our severity scale.
--   off_scale: Those with a sanction outside the scale, such as “No Action”.
--   sanction_not_stated: Those whose row states no sanction, which does not mean that there was none.
--   same_wording:
--   summaries: Officers in the year whose summary has visible words, or had before this site withdrew them.
--   no_words: Officers in the year whose summary is wholly redacted.
--   under_investigation:
--   missing:
-- answer: >-
--   {%- set d = rows|sum(attribute="dismissed") -%}
--   {%- if rows|map(attribute="mention")|unique|list|length == 1 -%}
--   At least {{ rows|sum(attribute="officers") }} officers’ summaries mention {{ rows[0].mention }}. Of those officers, {{ d }} are recorded as dismissed and {{ rows|sum(attribute="would_have_been_dismissed") }} as would have been; {{ rows|sum(attribute="sanction_not_stated") }} rows state no sanction.
--   {%- else -%}
--   Choose a mention to see how many officers’ summaries contain it, and what is recorded of their outcomes.
--   {%- endif -%}

with years as (
    select
        disclosure_id,
        year,
        count(*) filter (where visible_words > 0) as summaries,
        count(*) filter (where visible_words = 0) as no_words,
        count(*) filter (where status = 'under investigation') as under_investigation,
        count(*) filter (where status = 'missing') as missing
    from officers_counted
    group by disclosure_id, year
)
select
    disclosure_id,
    kind,
    mention,
    year,
    count(*) as officers,
    count(*) filter (where severity = 5 and sanction <> 'Would Have Been Dismissed') as dismissed,
    count(*) filter (where sanction = 'Would Have Been Dismissed') as would_have_been_dismissed,
    count(*) filter (where severity < 5) as other_sanction,
    count(*) filter (where sanction is not null and severity is null) as off_scale,
    count(*) filter (where sanction is null) as sanction_not_stated,
    same_wording(wording_group) as same_wording,
    summaries,
    no_words,
    under_investigation,
    missing
from mentions
join officers_counted on officers_counted.id = allegation_id
left join sanctions on sanctions.term = sanction
join years using (disclosure_id, year)
where :disclosure_id in ('', disclosure_id) and :mention in ('', mention)
group by disclosure_id, kind, mention, year
order by disclosure_id, kind desc, mention, year
