"""Data types passed from one step to the next, without input or output."""
