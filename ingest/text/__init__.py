"""Pure functions of text: redaction markers, words, characters nobody can see, and phrases."""
