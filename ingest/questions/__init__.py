"""Ask the same questions of every table made from a shape, in the shape's words."""

from ingest.questions.write import check_questions, write_questions

__all__ = ["check_questions", "write_questions"]
