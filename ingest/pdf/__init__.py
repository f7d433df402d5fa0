"""What a PDF shows, and what it carries along without showing it.

Everything here that opens a file runs in a worker (`ingest.pdf.pool`) under limits of time and
memory, for a PDF can be made to exhaust both. No hidden word is ever decoded: the audit knows
characters by their number and their place alone.
"""
