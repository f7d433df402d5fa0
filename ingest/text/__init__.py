"""Pure functions on text: redaction markers, words, invisible characters and phrases."""
