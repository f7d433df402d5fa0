"""Tools for people, beside the flow of a build: draft, compare, look for what might identify someone."""
