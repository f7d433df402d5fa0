"""Tools for people, separate from the build: draft a manifest, compare copies, look for what might
identify someone."""
