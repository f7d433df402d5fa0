"""Tests, in the same folders as the code they test. Real input first, generated input second, no
mocks."""
