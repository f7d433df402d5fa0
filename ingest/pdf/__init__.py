"""Read and audit PDFs: what a page shows, and what the file contains without showing it.

Everything that opens a file runs in a worker (`ingest.pdf.pool`) with limits on time and memory,
because a PDF can be made to exhaust both. Hidden text is never decoded: the audit records only how many
characters there are and where.
"""
