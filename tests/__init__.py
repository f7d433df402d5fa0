"""Tests, in the rooms of what they test: real input first, generated input second, no mocks."""
