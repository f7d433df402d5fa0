"""The sentences that answer questions: Jinja templates over the rows of an answer.

Each begins with what is set by `known`: `column` with its `why` (the column of its status, or none) and `what` (its
name in words), `counted`, `one` and `many` (the noun), and `sums`, which is true where figures are added up. Counting
leaves out what has no figure, and says “at least” where that matters.
"""

from __future__ import annotations

import json

from ingest.questions.wording import Asked

TOTAL = """
{%- set given = rows|rejectattr(counted, "none")|list -%}
{%- set total = given|sum(attribute=counted) -%}
{%- set least = "at least " if sums and rows|sum(attribute="without_figure") else "" -%}
{%- set in_all = least ~ total|figure ~ " " ~ (one if total == 1 else many) -%}
{%- set stated = given|rejectattr(column, "none")|list -%}
{%- set most = (stated|map(attribute=counted)|list + [0])|max -%}
{%- set first = stated|selectattr(counted, "equalto", most)|map(attribute=column)|unique|list -%}
"""
WHY = """
{%- if why %}{% for status, blank in given|selectattr(column, "none")|groupby(why) %} For {{ blank|sum(attribute=counted)|figure }} it
{#- #} is {{ "printed in a form that doesn’t fit the column" if status == "as printed" else status }}.{% endfor %}{% endif -%}
"""
MOST_COMMON = """
{%- if not most %}No {{ what }} is given for any of {{ in_all }}.
{%- elif stated|length == 1 %}The only {{ what }} is “{{ first[0] }}”: {{ most|figure }} of {{ in_all }}.
{%- elif first|length == 1 %}The most common {{ what }} is “{{ first[0] }}”: {{ most|figure }} of {{ in_all }}.
{%- elif first|length == 2 %}“{{ first[0] }}” and “{{ first[1] }}” are the most common, with {{ most|figure }} each of {{ in_all }}.
{%- else %}No {{ what }} stands out: {{ first|length|figure }} of them have {{ most|figure }} each, and none has more, of {{ in_all }}.
{%- endif -%}
"""
OVER_PERIODS = """
{%- if not most %}No {{ what }} is given for any of {{ in_all }}.
{%- else %}{{ in_all[:1]|upper ~ in_all[1:] }}
{%- if stated|length == 1 %}, all in {{ first[0] }}.
{%- else %}, from {{ stated[0][column] }} to {{ stated[-1][column] }}.
{%- if first|length == 1 %} The most are in {{ first[0] }}: {{ most|figure }}.{% endif %}{% endif %}{% endif -%}
"""
PART_PERIODS = """
{%- for row in rows|selectattr("partial") %}{{ " Incomplete, so not to be compared with whole years: " if loop.first }}
{{- row[column] }} ({{ row.covered_from|long_date }} to {{ row.covered_to|long_date }}){{ "." if loop.last else ", " }}
{%- endfor -%}
"""
TOTALS = """
{%- set agree = rows|selectattr("outcome", "equalto", "agrees")|list|length -%}
{%- set accepted = rows|selectattr("outcome", "equalto", "accepted")|list|length -%}
{%- set unchecked = rows|length - agree - accepted -%}
{%- if rows|length == 1 %}The one printed total {{ "agrees with" if agree else "differs from" if accepted else "can’t be checked against" }} what the rows add up to.
{%- else %}{{ "All" if agree == rows|length else "None" if not agree else agree|figure ~ " of" }} {{ ("of " if not agree) ~ rows|length|figure }} printed totals agree{{ "s" if agree == 1 }} with what the rows add up to.
{%- if accepted %} {{ accepted|figure }} {{ "differs, for a reason that is" if accepted == 1 else "differ, for reasons that are" }} given.{% endif %}
{%- if unchecked %} {{ unchecked|figure }} can’t be checked, because figures are withheld.{% endif %}
{%- endif -%}
"""


def known(asked: Asked, column: str) -> str:
    """Return the beginning of a template about a column, which sets what its sentences use."""
    values = {
        "column": column,
        "why": next(iter(asked.status(column)), None),
        "what": asked.words(column),
        "counted": asked.counted,
        "one": asked.noun.singular,
        "many": asked.noun.plural,
        "sums": asked.has_figures,
    }
    return "".join(f"{{%- set {name} = {_literal(value)} -%}}" for name, value in values.items())


def _literal(value: str | bool | None) -> str:
    """Return a value as a template has it, so that nothing in it is taken for a part of the template."""
    return json.dumps(value, ensure_ascii=False) if value is not None else "none"
