"""Read a document into records that say where each part was found. Readers change no published value."""
