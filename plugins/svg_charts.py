"""Draw a question's answer as an SVG chart on the server, with missing and unknown values visible.

Problem: a chart that fills every bar the same way hides what is under investigation, missing or
unknown, and a chart drawn by JavaScript can't be read aloud, printed or seen without it. What this
does: a question whose header has a `drawing` gets a chart of its own rows. Bars are solid for
finalised, outlined for under investigation and dashed for missing; a share is a bar with a frame
between its lower and upper bounds.

    -- drawing: {by: rank, count: officers, state: status}
    -- drawing: {by: year, parts: {finalised: finalised, missing: missing}, partial_until: covered_to}
    -- drawing: {by: year, share: share, lower: share_lowest, upper: share_highest}
    -- drawing: {panel: rank, by: year, count: officers, state: status}    one panel per rank, same scale
    -- drawing: {by: period, count: loans, upright: true, partial: partial, partial_until: covered_to}

`own_scale` gives each panel a scale of its own. `upright` draws columns, as those for `year` are, if there is room. Where a value is NULL, the column with
its name and `_status` says why. Only the first MOST_BARS bars are drawn, and one for the rest; a chart of more than
MOST_PANELS panels is not drawn.

Bars start at 0 and are labelled with their figures. Templates get `drawings(query, by_disclosure)`, with
one chart per disclosure, and `document_map(disclosure, rows)`, a chart of every row by block.
`/drawing/NAME.svg` serves the chart alone and `/embed/NAME` a page for other sites to embed. NULL values
are labelled with the reasons configured for `missing_values`.

In this code a drawing is such a chart, after the key in the header; the key `chart` is for datasette-vega.

Limitations: one bar per value of `by`. The plugin serves only the database `foi`, and only questions with
a column `disclosure_id`. The code also fixes the values of `state` (STATES), the year of the new rules
(CHANGE_OF_RULES), and for `document_map` the columns block, redaction_band and redaction_density.
"""

# No `from __future__ import annotations`: dataclasses resolve them through sys.modules, which lacks
# Datasette's plugins.
import textwrap
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datasette import Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import NotFound, Request
from datasette.views.base import DatasetteError
from markupsafe import Markup

from ingest.text.phrases import long_date

WIDTH = 360
GAP = 16
"""Space between two panels, in SVG units."""
LINE = 13
"""Line height, in SVG units."""
THIN = 3
"""Thickness of the line for values that are not stated, in SVG units."""
LETTER = 6.4
"""Average width of a heading's letter, in SVG units."""
COUNTED = "counted"
"""The state of a part that is neither a minimum nor has a status."""
STATES = {
    "finalised": "finalised",
    "under investigation": "open",
    "missing": "missing",
    "unknown": "lost",
    "not stated": "unstated",
    "or more": "finalised",
    COUNTED: "finalised",
}
OTHER_STATE = "open"
"""The CSS class of a part in any other state."""
BLANKS = ("not stated", "not applicable")
"""Statuses of a value that is not there. One of any other status is there, and not known."""
MOST_BARS = 30
MOST_PANELS = 30
ROOM = 6.2
"""Width of a letter of a label below a column, in SVG units."""
"""The states of a bar's parts, with their CSS classes."""
AT_LEAST = "at least "
"""What precedes a share that is a minimum."""
NONE_FOUND = "none found"
"""What a minimum of 0 is called."""
CHANGE_OF_RULES = 2020
"""A vertical line before this year's bar marks the new rules, in force from 1 February."""
HATCH = Markup(
    '<defs><pattern id="{}-h" width="4" height="4" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><line class="hatch" y2="4"/></pattern></defs>'
)
"""The hatching pattern, with which values whose markers were lost are filled."""
INK, SOFT, PAPER = "#1c1a17", "#57514a", "#fbf9f4"
IN_A_FILE = {
    "open": {"fill": "none", "stroke": INK},
    "missing": {"fill": "none", "stroke": INK, "stroke-dasharray": "3 2"},
    "bounds": {"fill": "none", "stroke": INK, "stroke-dasharray": "1 2"},
    "lost": {"stroke": INK},
    "hatch": {"stroke": SOFT},
    "axis": {"stroke": SOFT},
    "change": {"stroke": SOFT},
    "heading": {"font-weight": "600"},
}
"""How a chart in a file of its own looks, by class; everything else is filled with ink. On a page the
site's style sheet says so. These are attributes, because browsers refuse inline styles (see the
`Content-Security-Policy` in metadata.yml)."""

LOST = Markup(' class="lost"')

Row = Mapping[str, Any]


def in_digits(value: float) -> str:
    """Return a figure with commas between thousands from 10,000, and at most three decimals."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return f"{float(text):,.15g}" if value >= 10_000 else text


@dataclass
class Bar:
    """A bar: its label, a note below it and its parts by state; for a share, also its bounds.

    `said` is the description of the bar for screen readers; `share` replaces its figure, which is a minimum where
    `least` is true.
    """

    label: str
    below: str = ""
    parts: list[tuple[str, float]] = field(default_factory=list)
    bounds: tuple[float, float] | None = None
    said: str = ""
    share: str = ""
    least: bool = False

    @property
    def length(self) -> float:
        return sum(value for _, value in self.parts)

    @property
    def figure(self) -> str:
        """Return the figure that labels the bar."""
        return self.share or (AT_LEAST if self.least else "") + in_digits(self.length)

    @property
    def range(self) -> str:
        """Return the bounds, rounded to whole per cent: "12–39%", or "" if there are none."""
        return f"{100 * self.bounds[0]:.0f}–{self.bounds[1]:.0%}" if self.bounds else ""


def _label(row: Row, column: str, drawing: Row, empty: Row) -> str:
    """Return the value of `column`, or if it is NULL the reason: from the column with its status, or from `empty` by
    status and column."""
    if row[column] is not None:
        return str(row[column])
    if f"{column}_status" in row.keys():  # noqa: SIM118 - no dict
        return str(row[f"{column}_status"])
    status = row[drawing["state"] or "status"]
    reasons = empty.get(status, {})
    return next((why for why, columns in reasons.items() if column in columns), str(status))


def _state(row: Row, drawing: Row, empty: Row) -> str:
    """Return the state, one of STATES, of the officers that `row` counts."""
    labels = {
        _label(row, drawing[name], drawing, empty) for name in ("by", "panel") if drawing[name]
    }
    special = labels & {"unknown", "not stated"}
    if special:
        return special.pop()
    if drawing["state"]:
        return str(row[drawing["state"]] or COUNTED)
    blank = [row[f"{name}_status"] for name in _blank_columns(row, drawing)]
    if not blank:
        return "or more" if drawing["at_least"] else COUNTED
    return "not stated" if blank[0] in BLANKS else "unknown"


def _blank_columns(row: Row, drawing: Row) -> list[str]:
    """Return the columns of the bar and the panel that are NULL and have a status."""
    named = [drawing[name] for name in ("by", "panel") if drawing[name]]
    return [name for name in named if row[name] is None and f"{name}_status" in row.keys()]  # noqa: SIM118


def bars_of(drawing: Row, rows: Iterable[Row], empty: Row) -> list[Bar]:
    """Return the bars for `rows`, in the same order."""
    bars: dict[str, Bar] = {}
    for row in rows:
        label = _label(row, drawing["by"], drawing, empty)
        bar = bars.setdefault(label, Bar(label))
        if drawing["share"]:
            _add_share(bar, drawing, row)
        elif drawing["parts"]:
            bar.parts += [(state, row[column]) for state, column in drawing["parts"].items()]
        else:
            _add_count(bar, drawing, row, empty)
        if drawing["partial"]:
            bar.below = (
                f"to {long_date(row[drawing['partial_until']])}" if row[drawing["partial"]] else ""
            )
        elif drawing["partial_until"] and not str(row[drawing["partial_until"]]).endswith("-12-31"):
            bar.below = f"to {long_date(row[drawing['partial_until']])}"
    for bar in bars.values():
        bar.parts = [(state, value) for state, value in bar.parts if value > 0]
    drawn = list(bars.values())
    if len(drawn) > MOST_BARS + 1 and not drawing["upright"]:
        drawn = _with_the_rest(drawn)
    for bar in drawn:
        bar.said = bar.said or _in_words(bar, drawing["solid"])
    return drawn


def _with_the_rest(bars: list[Bar]) -> list[Bar]:
    """Return the longest bars, in their order, and one with the rest."""
    shortest = sorted((bar.length for bar in bars), reverse=True)[MOST_BARS - 1]
    longest = [bar for bar in bars if bar.length > shortest]
    longest += [bar for bar in bars if bar.length == shortest][: MOST_BARS - len(longest)]
    rest = [bar for bar in bars if bar not in longest]
    parts: Counter[str] = Counter()
    for bar in rest:
        for state, value in bar.parts:
            parts[state] += value  # type: ignore[assignment]
    other = Bar(f"other ({len(rest):,} values)", parts=[*parts.items()])
    return [bar for bar in bars if bar in longest] + [other]


def _add_count(bar: Bar, drawing: Row, row: Row, empty: Row) -> None:
    """Give `bar` a figure. One that is not given is named in place of the figure."""
    count = drawing["count"]
    if row[count] is not None:
        bar.parts.append((_state(row, drawing, empty), row[count]))
        if "without_figure" in row.keys() and row["without_figure"]:  # noqa: SIM118 - no dict
            bar.least = True
    elif not bar.parts:
        named = f"{count}_status"
        bar.said = bar.share = str(row[named] if named in row.keys() else "no figure")  # noqa: SIM118


def panels_of(drawing: Row, rows: Iterable[Row], empty: Row) -> dict[str, list[Bar]]:
    """Return the bars by panel title; the title is "" if there is only one panel.

    Panels are sorted by their total, largest first, with panels for NULL values last. Panels by year
    all have the same years, so that they can be compared side by side.
    """
    rows = list(rows)
    if not drawing["panel"]:
        return {"": bars_of(drawing, rows, empty)}
    of_each: dict[str, list[Row]] = {}
    in_all: Counter[str | None] = Counter()
    for row in rows:
        in_all[row[drawing["panel"]]] += row[drawing["count"]]
    fullest = [value for value, _ in in_all.most_common() if value is not None]
    for row in sorted(rows, key=lambda row: [*fullest, None].index(row[drawing["panel"]])):
        title = _label(row, drawing["panel"], drawing, empty)
        if row[drawing["panel"]] is not None:
            title = drawing["panel_title"].format(title)
        of_each.setdefault(title, []).append(row)
    panels = {title: bars_of(drawing, of_one, empty) for title, of_one in of_each.items()}
    if is_upright(drawing, rows):
        years = labels_in_order(drawing, rows)
        for title, bars in panels.items():
            found = {bar.label: bar for bar in bars}
            none = NONE_FOUND if {s for bar in bars for s, _ in bar.parts} == {"or more"} else "0"
            panels[title] = [found.get(year, Bar(year, said=none)) for year in years]
    return panels


def is_upright(drawing: Row, rows: Sequence[Row]) -> bool:
    """Return whether bars are columns: those of years, and those of periods if there is room for their labels."""
    if drawing["by"] == "year":
        return True
    labels = labels_in_order(drawing, rows) if drawing["upright"] else []
    width = (WIDTH - GAP) / 2 if drawing["panel"] else WIDTH
    return bool(labels) and max(map(len, labels)) * ROOM * len(labels) <= width


def labels_in_order(drawing: Row, rows: Iterable[Row]) -> list[str]:
    """Return the labels of the columns that every panel has, in the order of their time."""
    by = drawing["by"]
    time = "covered_from" if drawing["upright"] else by
    found = {str(row[by]): (row[by] is None, str(row[time])) for row in rows}
    return sorted(found, key=lambda label: found[label])


def _short(label: str) -> str:
    """Return a label for a narrow column: a year as ’21."""
    return f"’{label[-2:]}" if len(label) == 4 and label.isdigit() else label


def _in_words(bar: Bar, solid: str | None) -> str:
    """Return the parts of `bar` in words. A part that is called what the bar is called is a number.

    `solid` is what the legend calls the solid part, if that is not "finalised".
    """
    if {state for state, _ in bar.parts} in ({bar.label}, {COUNTED}):
        return bar.figure
    names = {"finalised": solid or "finalised"}
    said = ", ".join(f"{in_digits(value)} {names.get(state, state)}" for state, value in bar.parts)
    return said or "0"


def _add_share(bar: Bar, drawing: Row, row: Row) -> None:
    """Give `bar` its share. A share without bounds is a minimum, and says so."""
    value = row[drawing["share"]]
    if value is None:
        bar.said = bar.share = "no figure"
        return
    bar.parts = [("finalised", value)]
    if not drawing["lower"]:
        # "At least 0%" would say nothing.
        bar.said = bar.share = f"{AT_LEAST}{value:.1%}" if value else NONE_FOUND
        return
    bar.said = bar.share = f"{value:.1%}"
    if row[drawing["lower"]] < row[drawing["upper"]]:
        bar.bounds = (row[drawing["lower"]], row[drawing["upper"]])
        bar.said += f" (possible range {bar.bounds[0]:.1%} to {bar.bounds[1]:.1%})"


def draw(
    name: str, title: str, drawing: Row, rows: Iterable[Row], empty: Row, in_a_file: bool = False
) -> Markup:
    """Return the SVG chart of `rows`, with its title and a description of its figures.

    `empty` gives the reasons for NULL values: by status, the words and their columns. A chart
    `in_a_file` needs no style sheet.
    """
    rows = list(rows)
    panels, upright = panels_of(drawing, rows, empty), is_upright(drawing, rows)
    bars = [bar for of_one in panels.values() for bar in of_one]
    longest = 1.0 if drawing["share"] else longest_of(bars)
    change = "" if drawing["upright"] else str(CHANGE_OF_RULES)
    across = 2 if drawing["panel"] and upright else 1
    width = (WIDTH - GAP * (across - 1)) / across
    body, height, tallest = [], 0.0, 0.0
    for number, (heading, of_one) in enumerate(panels.items()):
        if number % across == 0:
            height, tallest = height + tallest, 0.0
        scale = longest_of(of_one) if drawing["own_scale"] else longest
        if upright:
            drawn, tall = _columns(of_one, scale, width, heading, change)
        else:
            drawn, tall = _lines(of_one, scale, width, heading)
        x = number % across * (width + GAP)
        body.append(
            Markup('<g transform="translate({:.1f} {:.1f})">{}</g>').format(x, height, drawn)
        )
        tallest = max(tallest, tall + (GAP if heading else 0))
    said = "".join(
        (f"{heading}. " if heading else "")
        + "".join(f"{bar.label}{_part_year(bar)}: {bar.said}. " for bar in of_one)
        for heading, of_one in panels.items()
    )
    return _svg(name, "drawing", (WIDTH, height + tallest), title, said.strip(), body, in_a_file)


def longest_of(bars: Iterable[Bar]) -> float:
    """Return the length of the longest bar, or 1 if there is none."""
    return max([bar.length for bar in bars], default=0) or 1


def _part_year(bar: Bar) -> str:
    """Return the last day that a part-year covers, for its description: " (to 16 August)"."""
    return f" ({bar.below.removesuffix(f' {bar.label}')})" if bar.below else ""


def _svg(
    name: str, kind: str, size: tuple[float, float], title: str, said: str,
    body: Iterable[Markup], in_a_file: bool = False,
) -> Markup:  # fmt: skip
    """Return an SVG element. Its ids start with `name`, so that they are unique on the page."""
    drawn = Markup("").join(body)
    if LOST in drawn:
        drawn = HATCH.format(name) + drawn.replace(
            LOST, LOST + Markup(' fill="url(#{}-h)"').format(name)
        )
    root = Markup("")
    if in_a_file:
        for of_kind, attributes in IN_A_FILE.items():
            its_class = Markup(' class="{}"').format(of_kind)
            drawn = drawn.replace(its_class, its_class + _attributes(attributes))
        root = _attributes({"font-family": "system-ui, sans-serif", "font-size": "11", "fill": INK})
        drawn = Markup('<rect width="100%" height="100%" fill="{}"/>').format(PAPER) + drawn
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="{}" viewBox="0 0 {:g} {:g}" role="img" '
        'aria-labelledby="{}-t {}-d"{}><title id="{}-t">{}</title><desc id="{}-d">{}</desc>{}</svg>'
    ).format(kind, *size, name, name, root, name, title, name, said, drawn)


def _attributes(attributes: Mapping[str, str]) -> Markup:
    """Return attributes as they are written in a tag."""
    return Markup("").join(
        Markup(' {}="{}"').format(name, value) for name, value in attributes.items()
    )


def _text(x: float, y: float, words: str, anchor: str = "start") -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
        f"{x:.1f}", f"{y:.1f}", anchor, words
    )


def _box(
    x: float, y: float, width: float, height: float, kind: str, along: str = "width"
) -> Markup:
    """Return one part of a bar. Strokes are inset, so that neighbouring parts do not touch.

    A value that is not stated is a line as long as the bar would be: a dash, as in table cells.
    """
    if kind == "unstated" and along == "width":
        y, height = y + height / 2 - THIN / 2, THIN
    elif kind == "unstated":
        x, width = x + width / 2 - THIN / 2, THIN
    inset = 0 if kind in ("finalised", "unstated") else 0.75
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
        kind,
        f"{x + inset:.2f}",
        f"{y + inset:.2f}",
        f"{max(width - 2 * inset, 0.5):.2f}",
        f"{max(height - 2 * inset, 0.5):.2f}",
    )


def _columns(
    bars: list[Bar], longest: float, wide: float, heading: str = "", change: str = ""
) -> tuple[Markup, float]:
    """Return vertical bars and their height. Below a heading the bars are shorter. A line before the bar labelled
    `change` marks new rules."""
    top, base = (44.0, 120.0) if heading else (34.0, 190.0)
    step = wide / max(len(bars), 1)
    width = min(step * 0.62, 44)
    parts = [
        Markup('<line class="axis" x1="0" y1="{:g}" x2="{:g}" y2="{:g}"/>').format(base, wide, base)
    ]
    if heading:
        parts.append(_heading(heading, wide))
    for number, bar in enumerate(bars):
        middle = step * (number + 0.5)
        y = base
        for state, value in bar.parts:
            height = value / longest * (base - top)
            y -= height
            parts.append(
                _box(middle - width / 2, y, width, height, STATES.get(state, OTHER_STATE), "height")
            )
        if bar.bounds:
            low, high = (base - bound / longest * (base - top) for bound in bar.bounds)
            parts.append(_box(middle - width / 2 - 4, high, width + 8, low - high, "bounds"))
            parts.append(_text(middle, high - 4, bar.range, "middle"))
            if y - high <= 2 * LINE:
                y = high - LINE
        parts += [
            # There is no room for words beside seven yearly bars.
            _text(middle, y - 4, bar.figure.replace(AT_LEAST, "≥"), "middle"),
            _text(middle, base + 15, _short(bar.label) if heading else bar.label, "middle"),
        ]
        if bar.below:
            parts.append(_text(min(middle + 34, wide), base + 29, bar.below, "end"))
        if bar.label == change and number:
            x = step * number
            parts.append(
                Markup('<line class="change" x1="{:g}" y1="{:g}" x2="{:g}" y2="{:g}"/>').format(
                    x, top - 16, x, base
                )
            )
            if not heading:
                parts.append(_text(x - 4, 11, "rules changed, February 2020", "middle"))
    return Markup("").join(parts), base + (20 if heading else 36)


def _lines(bars: list[Bar], longest: float, wide: float, heading: str = "") -> tuple[Markup, float]:
    """Return horizontal bars, each below its label, and their total height."""
    parts = [_heading(heading, wide)] if heading else []
    top = 20.0 if heading else 0.0
    room = wide - (96.0 if any(bar.share for bar in bars) else 46.0)
    for number, bar in enumerate(bars):
        y = top + number * 36.0
        x = 0.0
        for state, value in bar.parts:
            width = value / longest * room
            parts.append(_box(x, y + 16, width, 14, STATES.get(state, OTHER_STATE)))
            x += width
        if bar.bounds:
            low, high = (bound / longest * room for bound in bar.bounds)
            parts.append(_box(low, y + 14, high - low, 18, "bounds"))
            x = max(x, high)
        figure = bar.figure + (f" ({bar.range})" if bar.bounds else "")
        label = "" if bar.label == heading else bar.label
        parts += [_text(0, y + 10, label), _text(x + 4, y + 27, figure)]
    return Markup("").join(parts), top + len(bars) * 36 + 4


def _heading(words: str, wide: float) -> Markup:
    """Return the title of a panel, on two lines if it does not fit on one."""
    return Markup("").join(
        Markup('<text class="heading" x="0" y="{}">{}</text>').format(11 + LINE * number, line)
        for number, line in enumerate(textwrap.wrap(words, int(wide / LETTER))[:2])
    )


def document_map(disclosure: Row, rows: Iterable[Row]) -> Markup:
    """Return a chart of every row of a document, block by block: one box per row, filled in
    proportion to its density."""
    size = 11.0
    blocks: dict[int, list[Row]] = {}
    for row in rows:
        blocks.setdefault(row["block"], []).append(row)
    lost = [
        block
        for block, of_block in blocks.items()
        if any(row["redaction_band"] == "unknown" for row in of_block)
    ]
    parts = []
    for column, (block, of_block) in enumerate(blocks.items()):
        x = column * (size + 2)
        for line, row in enumerate(of_block):
            y = line * (size + 2)
            kind = {"unknown": "lost", None: "open"}.get(row["redaction_band"], "shown")
            parts.append(_box(x, y, size, size, kind))
            if row["redaction_density"]:
                height = size * row["redaction_density"]
                parts.append(_box(x, y + size - height, size, height, "finalised"))
        if block == 1 or block % 5 == 0 or block in lost:
            y = (max(map(len, blocks.values())) + 1) * (size + 2)
            parts.append(_text(x, y, str(block)))
    height = (max(map(len, blocks.values()), default=0) + 1) * (size + 2) + 4
    said = f"{len(blocks)} blocks. Markers lost in blocks {', '.join(map(str, lost)) or 'none'}."
    title = f"Redaction of {disclosure['reference']}, row by row"
    size_of_all = (len(blocks) * (size + 2), height)
    return _svg(f"map-{disclosure['id']}", "drawing map", size_of_all, title, said, parts)


def too_many(drawing: Row, rows: Iterable[Row]) -> bool:
    """Return whether a chart would have more panels than a reader can compare."""
    panel = drawing["panel"]
    return bool(panel) and len({row[panel] for row in rows}) > MOST_PANELS


def _empty(datasette: Datasette) -> Row:
    """Return the reasons for NULL values by status, from the configuration of the plugin `missing_values`."""
    return dict((datasette.plugin_config("missing_values") or {}).get("by_status", {}))


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, Any]:
    def drawings(query: Row, by_disclosure: Mapping[str, Iterable[Row]]) -> dict[str, Markup]:
        """Return the charts of `query`, if it has any, one per disclosure: they are never combined."""
        name, drawing = query["name"], query.get("drawing")
        if not drawing:
            return {}
        by_disclosure = {id: list(rows) for id, rows in by_disclosure.items()}
        if any(too_many(drawing, rows) for rows in by_disclosure.values()):
            return {}
        return {
            id: draw(f"{name}-{id}", query["title"], drawing, of_one, _empty(datasette))
            for id, of_one in by_disclosure.items()
        }

    return {"drawings": drawings, "document_map": document_map}


async def _drawn(datasette: Datasette, name: str) -> dict[str, Any]:
    query = await datasette.get_canned_query("foi", name, None)
    if not query or not query.get("drawing"):
        raise NotFound(f"There is no chart for {name}")
    return dict(query)


async def _answer(datasette: Datasette, query: Row, disclosure: str) -> dict[str, Any]:
    """Return a question's answer as JSON, about one disclosure or, if that is "", about all.

    Raise DatasetteError if the answer is an error, or NotFound if it has no rows.
    """
    asked = {"_shape": "objects", "disclosure_id": disclosure}
    response = await datasette.client.get(f"/foi/{query['name']}.json", params=asked)
    answer: dict[str, Any] = response.json()
    if response.status_code != 200:
        raise DatasetteError(answer["error"], answer["title"], status=response.status_code)
    if not answer["rows"]:
        raise NotFound("There is no such disclosure")
    return answer


async def picture(datasette: Datasette, request: Request) -> Response:
    """Serve a question's chart as a file, for the disclosure requested or the first."""
    query = await _drawn(datasette, request.url_vars["name"])
    first = await _answer(datasette, query, request.args.get("disclosure_id") or "")
    # The combined answer may be truncated; that for one disclosure is complete, or too long for a chart.
    answer = await _answer(datasette, query, first["rows"][0]["disclosure_id"])
    if answer["truncated"] or too_many(query["drawing"], answer["rows"]):
        raise DatasetteError("This result has too many rows for a chart", status=400)
    svg = draw(
        query["name"], query["title"], query["drawing"], answer["rows"], _empty(datasette), True
    )
    return Response(str(svg), content_type="image/svg+xml; charset=utf-8")


async def embed(datasette: Datasette, request: Request) -> Response:
    """Serve a page with the chart, its source and its caveats, for other sites to frame."""
    query = await _drawn(datasette, request.url_vars["name"])
    # Fail here, with this page's own error, before the template requests all rows.
    await _answer(datasette, query, request.args.get("disclosure_id") or "")
    page = await datasette.render_template("embed.html", {"query": query}, request=request)
    return Response.html(page)


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Awaitable[Response]]]]:
    name = "(?P<name>[a-z0-9-]+)"
    return [(rf"^/drawing/{name}\.svg$", picture), (rf"^/embed/{name}$", embed)]
