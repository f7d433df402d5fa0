"""Audit workbooks: what a file contains without showing it.

As with PDFs, hidden content is never decoded or kept: the audit records its kind, its sheet and how much
there is of it.
"""
