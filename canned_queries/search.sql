-- title: Search the summaries
-- group: Find a row
-- position: 1
-- description: >-
--   Rows whose summary contains all the words you type, most relevant first. Search matches word stems:
--   “posts” finds “posted”, but “racism” does not find “racist”. "Phrases" in quotation marks are found as typed,
--   OR between two words finds either, and * after a word finds every word that begins with it.
--   Ranks and outcomes are not searched, and redaction markers are not searchable. Many words were
--   withheld, and officers still under investigation have no summary.
-- basis: at least
-- caveats: [redacted, allegation, officers, under_investigation, rules, people]
-- parameters:
--   q: {label: Words, example: harass}
--   year: {label: Year, choices: published_totals.year}
--   rank: {label: Rank, choices: ranks.term}
--   result: {label: Result, choices: results.term}
--   or_mention: {label: Or a summary that mentions, choices: mention_patterns.mention}
-- highlight: [snippet]
-- prompt: Type a word, or a "phrase", to search for.
-- empty_message: >-
--   No readable summary matches; the words may be redacted. Try fewer words, or another form of a word.
-- columns:
--   id:
--   snippet: >-
--     Words around the first matches, with each match between ⟦ and ⟧ and a bar █ for each redaction marker. The
--     beginning of the summary where only the mention was found.
--   year:
--   status:
--   rank:
--   result:
--   action:
--   sanction:
--   redaction_band:
--   disclosure_id:

with matched as (
    select
        rowid as number,
        snippet(officer_allegations_fts, 0, '⟦', '⟧', '…', 40) as snippet,
        bm25(officer_allegations_fts) as relevance
    from officer_allegations_fts
    where officer_allegations_fts match escape_fts(:q)
),
mentioning as (
    select
        rows.rowid as number,
        substr(replace(rows.summary, '[REDACTED]', '█'), 1, 240) || '…' as snippet,
        0 as relevance
    from mentions
    join officer_allegations as rows on rows.id = mentions.allegation_id
    where mentions.mention = :or_mention and rows.summary is not null
        and rows.rowid not in (select number from matched)
)
select
    rows.id,
    found.snippet,
    rows.year,
    rows.status,
    rows.rank,
    rows.result,
    rows.action,
    rows.sanction,
    rows.redaction_band,
    rows.disclosure_id
from (select * from matched union all select * from mentioning) as found
join officer_allegations as rows on rows.rowid = found.number
where :year in ('', cast(rows.year as text))
    and :rank in ('', rows.rank)
    and :result in ('', rows.result)
    and :disclosure_id in ('', rows.disclosure_id)
order by found.relevance, rows.disclosure_id, rows.position
