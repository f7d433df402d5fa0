"""Run the ingest with `python -m ingest`."""

from ingest.cli import main

if __name__ == "__main__":  # workers import this module too
    main()
