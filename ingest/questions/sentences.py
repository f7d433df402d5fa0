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
{%- set blanks = given|selectattr(column, "none")|list if why else [] -%}
{%- set why_blank -%}
{%- for status, blank in blanks|groupby(why) if why %} For {{ blank|sum(attribute=counted)|figure }} the {{ what }} is
{#- #} {{ "printed in a form that doesn’t fit the column" if status == "as printed" else status }}.{% endfor -%}
{%- endset -%}
"""
MOST = """
{%- if not most %}No {{ what }} is given for any of {{ in_all }}.{{ why_blank }}
{%- else -%}
{%- set mostly_blank = blanks|sum(attribute=counted) > most -%}
{%- if mostly_blank %}{{ in_all[:1]|upper ~ in_all[1:] }}.{{ why_blank }} {% endif -%}
{%- set of = "" if mostly_blank else " of " ~ in_all -%}
{%- if stated|length == 1 %}The only {{ what }} is “{{ first[0] }}”: {{ most|figure }}{{ of }}.
{%- elif first|length == 1 %}“{{ first[0] }}” has the most: {{ most|figure }}{{ of }}.
{%- elif first|length == 2 %}“{{ first[0] }}” and “{{ first[1] }}” have the most: {{ most|figure }} each{{ "," if of }}{{ of }}.
{%- else %}No {{ what }} stands out: the largest figure, {{ most|figure }}{{ of }}, is that of {{ first|length|figure }} of them.
{%- endif -%}
{%- if not mostly_blank %}{{ why_blank }}{% endif -%}
{%- endif -%}
"""
OVER_PERIODS = """
{%- if not most %}No {{ what }} is given for any of {{ in_all }}.
{%- else -%}
{%- set whole = stated|rejectattr("partial")|list -%}
{%- set parts = stated|selectattr("partial")|list -%}
{%- set peak = (whole|map(attribute=counted)|list + [0])|max -%}
{%- set peaks = whole|selectattr(counted, "equalto", peak)|map(attribute=column)|unique|list -%}
{{- in_all[:1]|upper ~ in_all[1:] }}
{%- if stated|length == 1 %}, all in {{ first[0] }}.
{%- else %}, from {{ stated[0][column] }} to {{ stated[-1][column] }}.
{%- if peaks|length == 1 and whole|length > 1 %} {{ "Of the whole years, " if parts }}{{ peaks[0] }} has the most: {{ peak|figure }}.{% endif %}
{%- endif -%}
{%- for row in parts if parts|length <= 3 %} {{ row[column] }} is only part of a year ({{ row.covered_from|long_date }} to {{ row.covered_to|long_date }}), so don’t compare its {{ row[counted]|figure }} with whole years.
{%- else %}{% if parts %} {{ parts|length|figure }} of the periods are only part of a year, so don’t compare them with whole years.{% endif %}
{%- endfor -%}
{%- endif -%}
{{- why_blank -}}
"""
TOTALS = """
{%- set agree = rows|selectattr("outcome", "equalto", "agrees")|list|length -%}
{%- set accepted = rows|selectattr("outcome", "equalto", "accepted")|list|length -%}
{%- set unchecked = rows|length - agree - accepted -%}
{%- if rows|length == 1 %}The one printed total {{ "agrees with" if agree else "differs from" if accepted else "can’t be checked against" }} our sum.
{%- else %}{{ "All" if agree == rows|length else "None" if not agree else agree|figure ~ " of" }} {{ ("of " if not agree) ~ rows|length|figure }} printed totals agree{{ "s" if agree == 1 }} with our sums.
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
