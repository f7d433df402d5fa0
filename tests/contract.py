"""The public names that links, SQL and API clients depend on."""

from __future__ import annotations

COLUMNS = {
    "disclosures": """id* reference title document_summary security_classification
        publication_scheme creating_branch created_on review_on extracted_on covers_from covers_to
        published_total:INTEGER source_url source_file source_format source_sha256 copy_status
        rights publisher withheld_share_estimate:REAL shape published_on supersedes
        label""",
    "redaction_bands": "band* lower:REAL upper:REAL position:INTEGER meaning",
    "checks": "name* sentence position:INTEGER",
    "notes": "disclosure_id* section* position*:INTEGER text",
    "published_totals": "disclosure_id* year*:INTEGER officers:INTEGER",
    "officer_allegations": """id* disclosure_id position:INTEGER block:INTEGER line:INTEGER
        year:INTEGER status rank summary result action sanction visible_words:INTEGER
        redaction_count:INTEGER redaction_density:REAL redaction_band regime regime_basis
        wording_id withdrawn_on withdrawn_reason source_text""",
    "ranks": "term* meaning source position:INTEGER",
    "results": "term* meaning source regime position:INTEGER",
    "actions": "term* meaning source regime position:INTEGER",
    "sanctions": "term* meaning source regime severity:INTEGER position:INTEGER",
    "redactions": "allegation_id* position*:INTEGER form exemption",
    "source_blocks": """disclosure_id* block*:INTEGER officers:INTEGER summaries:INTEGER
        marked:INTEGER markers:INTEGER chance:REAL markers_lost:INTEGER""",
    "shared_wordings": """id* disclosure_id year:INTEGER officers:INTEGER wording basis reason
        part_of""",
    "mentions": "allegation_id* mention* kind",
    "mention_patterns": "mention* kind pattern* position:INTEGER",
    "publisher_questions": "allegation_id* rule* question",
    "printed_totals": """disclosure_id* table_name position*:INTEGER scope label unit printed:NUMERIC
        found:NUMERIC outcome reason place""",
    "changes": "disclosure_id table_name change record_id earlier_id column_name before after",
    "descriptions": "table_name column_name title description family one_row_is rows_are role",
    "caveats": "disclosure_id family table_name column_name id sentence text",
    "questions": "name* family table_name title header sql",
}
OF_THE_MET = {
    *("published_totals", "officer_allegations", "ranks", "results", "actions", "sanctions"),
    *("redactions", "source_blocks", "shared_wordings", "mentions", "mention_patterns"),
    *("publisher_questions", "reconciliation", "officers_counted"),
}
"""Tables and views that are there only with a disclosure in the Met's form."""
OF_OTHER_SHAPES = ("printed_totals", "changes", "descriptions", "caveats", "questions")
"""Tables in which the first disclosure has no rows."""
VIEWS = {
    "reconciliation": "disclosure_id year published found finalised under_investigation missing",
    "officers_counted": """id disclosure_id year status rank result action sanction visible_words
        redaction_count redaction_density redaction_band regime wording_group""",
    "records": "id disclosure_id family table_name period period_from period_to text counts",
}
FOREIGN_KEYS = {
    ("caveats", "disclosure_id", "disclosures"),
    ("officer_allegations", "disclosure_id", "disclosures"),
    ("officer_allegations", "rank", "ranks"),
    ("officer_allegations", "result", "results"),
    ("officer_allegations", "action", "actions"),
    ("officer_allegations", "sanction", "sanctions"),
    ("officer_allegations", "wording_id", "shared_wordings"),
    ("notes", "disclosure_id", "disclosures"),
    ("published_totals", "disclosure_id", "disclosures"),
    ("source_blocks", "disclosure_id", "disclosures"),
    ("shared_wordings", "disclosure_id", "disclosures"),
    ("shared_wordings", "part_of", "shared_wordings"),
    ("redactions", "allegation_id", "officer_allegations"),
    ("mentions", "allegation_id", "officer_allegations"),
    ("publisher_questions", "allegation_id", "officer_allegations"),
    ("printed_totals", "disclosure_id", "disclosures"),
    ("changes", "disclosure_id", "disclosures"),
    ("disclosures", "supersedes", "disclosures"),
}
