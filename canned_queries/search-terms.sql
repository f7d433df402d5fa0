-- title: Search the terms and notes
-- group: Find a row
-- position: 3
-- description: >-
--   The publisher’s terms with their meanings, and the document’s notes, caveats and request, where they
--   contain your words as typed, in capitals or not.
-- basis: mixed
-- caveats: [allegation, rules]
-- parameters:
--   q: {label: Words, example: misconduct}
-- prompt: Type a word to search for.
-- empty_message: No term or note contains these words.
-- columns:
--   kind: “rank”, “result”, “action” or “sanction” for a term; otherwise the section of the notes.
--   words: The term, or the passage, as published.
--   meaning: What the term means, in our words. NULL for a passage, and where we found no definition.
--   disclosure_id: The disclosure that a passage belongs to. NULL for a term, because several disclosures may use it.

with everything as (
    select 'rank' as kind, term as words, meaning, null as disclosure_id from ranks
    union all
    select 'result', term, meaning, null from results
    union all
    select 'action', term, meaning, null from actions
    union all
    select 'sanction', term, meaning, null from sanctions
    union all
    select section, text, null, disclosure_id from notes
)
select kind, words, meaning, disclosure_id
from everything
where trim(:q) <> ''
    and instr(lower(words || ' ' || coalesce(meaning, '')), lower(trim(:q))) > 0
