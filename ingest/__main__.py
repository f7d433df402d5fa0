"""Run the ingest with `python -m ingest`."""

from ingest.cli import main

main()
