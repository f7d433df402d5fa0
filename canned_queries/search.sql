-- title: Search the summaries
-- group: Find a row
-- position: 1
-- description: >-
--   Rows whose summary contains all the words you type, most relevant first. Search matches word stems:
--   “posts” finds “posted”, but “racism” does not find “racist”. "Phrases" in quotation marks are found as typed.
--   Ranks and outcomes are not searched, and redaction markers are not searchable. Many words were
--   withheld, and officers still under investigation have no summary.
-- basis: at least
-- caveats: [redacted, allegation, officers, under_investigation, rules, people]
-- parameters:
--   q: {label: Words, example: harass}
--   year: {label: Year, choices: published_totals.year}
--   rank: {label: Rank, choices: ranks.term}
--   result: {label: Result, choices: results.term}
-- highlight: [snippet]
-- prompt: Type a word, or a "phrase", to search for.
-- empty_message: >-
--   No readable summary matches; the words may be redacted. Try fewer words, or another form of a word.
-- columns:
--   id:
--   snippet: Words around the first matches, with each match between ⟦ and ⟧ and a bar █ for each redaction marker.
--   year:
--   status:
--   rank:
--   result:
--   action:
--   sanction:
--   redaction_band:
--   disclosure_id:

select
    rows.id,
    snippet(officer_allegations_fts, 0, '⟦', '⟧', '…', 40) as snippet,
    rows.year,
    rows.status,
    rows.rank,
    rows.result,
    rows.action,
    rows.sanction,
    rows.redaction_band,
    rows.disclosure_id
from officer_allegations_fts
join officer_allegations as rows on rows.rowid = officer_allegations_fts.rowid
where officer_allegations_fts match escape_fts(:q)
    and :year in ('', cast(rows.year as text))
    and :rank in ('', rows.rank)
    and :result in ('', rows.result)
    and :disclosure_id in ('', rows.disclosure_id)
order by bm25(officer_allegations_fts), rows.disclosure_id, rows.position
