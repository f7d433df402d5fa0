-- title: Search the summaries
-- group: Find a row
-- position: 1
-- description: >-
--   Rows whose summary holds every word, most relevant first. Words are found by their stem:
--   "posts" finds "posted", but "racism" does not find "racist". "Phrases" in quotation marks are
--   found as they stand; ranks and outcomes are not searched, and redaction markers are no words.
--   Many words were withheld, and rows under investigation have no summary.
-- basis: at least
-- caveats: [redacted, allegation, officers, open, rules, people]
-- parameters:
--   q: {label: Words}
--   year: {label: Year, choices: published_totals.year}
--   rank: {label: Rank, choices: ranks.term}
--   result: {label: Result, choices: results.term}
-- matches: [snippet]
-- unasked: Type a word, or a "phrase", to search for.
-- none: >-
--   No row, which is not to say that there is nothing: only words that can be read are searched. Try fewer
--   words, or another form of one.
-- columns:
--   id:
--   snippet: Words around the first matches, with matches between ⟦ and ⟧ and a bar of █ for each redaction marker.
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
