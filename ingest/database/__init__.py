"""Write `foi.db`, and read figures back from it."""
