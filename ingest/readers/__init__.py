"""Read a file, and return what it says with the place of every part. Readers change nothing they read."""
