"""Draw the answer of a question as SVG, on the server, in the site's grammar of absence.

Problem: a chart that fills every bar alike hides what is open, missing or unknown; one drawn by a
script cannot be read aloud, printed or seen without it. What this does: a question whose header has
a `drawing` is drawn from its own rows: solid for what is finalised, outlined for what is open, dashed
for what is missing, and for a share a bar to its value and a frame between its bounds.

    -- drawing: {by: rank, count: officers, state: status}
    -- drawing: {by: year, parts: {finalised: finalised, missing: missing}, until: covered_to}
    -- drawing: {by: year, share: share, lowest: share_lowest, highest: share_highest}

Bars start at 0 and carry their figures. Templates get `drawings(query, by_disclosure)`, one a disclosure. The
addresses `/drawing/NAME.svg` and `/embed/NAME` give the picture alone and a page that other sites may
frame; every other page may not be framed. Limits: one bar a value of `by`.
"""

# No deferred annotations: dataclasses look them up in sys.modules, where Datasette puts no plugin.
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from datasette import Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import NotFound, Request
from markupsafe import Markup

WIDTH = 360
LINE = 13
"""Units from one line of text to the next."""
STATES = {
    "finalised": "finalised",
    "under investigation": "open",
    "missing": "missing",
    "unknown": "lost",
}
"""What a part of a bar is, and the class that draws it."""
NOT_STATED = "not stated"
CHANGE_OF_RULES = 2020
"""The rules of 2020 took effect on 1 February: a line stands before that year's bar."""
HATCH = Markup(
    '<defs><pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><line class="hatch" y2="4"/></pattern></defs>'
)
STYLE = """
text { font: 11px system-ui, sans-serif; fill: #1c1a17; font-variant-numeric: tabular-nums; }
.finalised { fill: #1c1a17; } .open, .missing, .bounds { fill: none; stroke: #1c1a17; }
.lost { fill: url(#hatch); stroke: #1c1a17; } .hatch { stroke: #57514a; }
.missing { stroke-dasharray: 3 2; } .bounds { stroke-dasharray: 1 2; } .axis, .change { stroke: #57514a; }
@media (prefers-color-scheme: dark) {
  svg { background: #171614; } text { fill: #ece7dd; } .finalised { fill: #ece7dd; }
  .open, .missing, .lost, .bounds { stroke: #ece7dd; } .hatch, .axis, .change { stroke: #b5ada0; }
}
"""

Row = Mapping[str, Any]
Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


@dataclass
class Bar:
    """A bar: its label, a word below it, its parts by state, and for a share that and its bounds."""

    label: str
    below: str = ""
    parts: list[tuple[str, float]] = field(default_factory=list)
    bounds: tuple[float, float] | None = None
    said: str = ""

    share: str = ""

    @property
    def length(self) -> float:
        return sum(value for _, value in self.parts)

    @property
    def figure(self) -> str:
        """What stands on the bar."""
        return self.share or f"{self.length:g}"


def bars_of(drawing: Row, rows: Iterable[Row]) -> list[Bar]:
    """The bars that `rows` make, in their order."""
    bars: dict[str, Bar] = {}
    for row in rows:
        label = row[drawing["by"]]
        if label is None:
            state = row[drawing["state"] or "status"]
            label = NOT_STATED if state == "finalised" else state
        bar = bars.setdefault(str(label), Bar(str(label)))
        if drawing["share"]:
            _add_share(bar, drawing, row)
        elif drawing["parts"]:
            bar.parts += [(state, row[column]) for state, column in drawing["parts"].items()]
        else:
            state = "unknown" if label == "unknown" else row[drawing["state"]]
            bar.parts.append((state, row[drawing["count"]]))
        if drawing["until"] and not str(row[drawing["until"]]).endswith("-12-31"):
            bar.below = f"to {row[drawing['until']]}"
    for bar in bars.values():
        bar.parts = [(state, value) for state, value in bar.parts if value > 0]
        bar.said = bar.said or ", ".join(f"{value:g} {state}" for state, value in bar.parts) or "0"
    return list(bars.values())


def _add_share(bar: Bar, drawing: Row, row: Row) -> None:
    value = row[drawing["share"]]
    if value is None:
        bar.said = bar.share = "no share"
        return
    bar.parts = [("finalised", value)]
    bar.said = bar.share = f"{value:.1%}"
    if drawing["lowest"]:
        bar.bounds = (row[drawing["lowest"]], row[drawing["highest"]])
        bar.said += f", between {bar.bounds[0]:.1%} and {bar.bounds[1]:.1%}"


def draw(name: str, title: str, drawing: Row, rows: Iterable[Row], style: str = "") -> Markup:
    """The SVG of `rows`, with its title and its figures in words. `style` is put inside."""
    bars = bars_of(drawing, rows)
    longest = 1.0 if drawing["share"] else max([bar.length for bar in bars] or [1]) or 1
    upright = drawing["by"] == "year"
    body, height = (_columns if upright else _lines)(bars, longest)
    said = ". ".join(
        f"{bar.label}{' ' + bar.below if bar.below else ''}: {bar.said}" for bar in bars
    )
    hatch = HATCH if any(state == "unknown" for bar in bars for state, _ in bar.parts) else ""
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="drawing" viewBox="0 0 {} {}" role="img" '
        'aria-labelledby="{}-t {}-d">{}<title id="{}-t">{}</title><desc id="{}-d">{}.</desc>{}{}</svg>'
    ).format(
        WIDTH, height, name, name, Markup(f"<style>{style}</style>" if style else ""),
        name, title, name, said, hatch, body,
    )  # fmt: skip


def _text(x: float, y: float, words: str, anchor: str = "start") -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
        f"{x:.1f}", f"{y:.1f}", anchor, words
    )


def _box(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    """A part of a bar. What is stroked is drawn inside its own edge, so that parts do not touch."""
    inset = 0 if kind == "finalised" else 0.75
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
        kind,
        f"{x + inset:.2f}",
        f"{y + inset:.2f}",
        f"{max(width - 2 * inset, 0.5):.2f}",
        f"{max(height - 2 * inset, 0.5):.2f}",
    )


def _columns(bars: list[Bar], longest: float) -> tuple[Markup, float]:
    """Upright bars, one a year."""
    top, base, step = 34.0, 190.0, WIDTH / max(len(bars), 1)
    width = min(step * 0.62, 44)
    parts = [Markup('<line class="axis" x1="0" y1="190" x2="360" y2="190"/>')]
    for number, bar in enumerate(bars):
        middle = step * (number + 0.5)
        y = base
        for state, value in bar.parts:
            height = value / longest * (base - top)
            y -= height
            parts.append(_box(middle - width / 2, y, width, height, STATES[state]))
        if bar.bounds:
            low, high = (base - bound / longest * (base - top) for bound in bar.bounds)
            parts.append(_box(middle - width / 2 - 4, high, width + 8, low - high, "bounds"))
            if y - high > 2 * LINE:
                parts.append(_text(middle, high - 4, f"to {bar.bounds[1]:.0%}", "middle"))
            else:
                y = high
        parts += [
            _text(middle, y - 4, bar.figure, "middle"),
            _text(middle, 205, bar.label, "middle"),
        ]
        if bar.below:
            parts.append(_text(min(middle + 34, WIDTH), 219, bar.below, "end"))
        if bar.label == str(CHANGE_OF_RULES) and number:
            x = step * number
            parts.append(
                Markup('<line class="change" x1="{}" y1="14" x2="{}" y2="190"/>').format(x, x)
            )
            parts.append(_text(x - 4, 11, "rules changed, February 2020", "middle"))
    return Markup("").join(parts), 226


def _lines(bars: list[Bar], longest: float) -> tuple[Markup, float]:
    """Bars that lie, each below its label."""
    parts: list[Markup] = []
    room = WIDTH - (96.0 if any(bar.share for bar in bars) else 46.0)
    for number, bar in enumerate(bars):
        y = number * 36.0
        x = 0.0
        for state, value in bar.parts:
            width = value / longest * room
            parts.append(_box(x, y + 16, width, 14, STATES[state]))
            x += width
        if bar.bounds:
            low, high = (bound / longest * room for bound in bar.bounds)
            parts.append(_box(low, y + 13, high - low, 20, "bounds"))
            x = max(x, high)
        figure = bar.figure + (f", to {bar.bounds[1]:.0%}" if bar.bounds else "")
        parts += [_text(0, y + 11, bar.label), _text(x + 4, y + 27, figure)]
    return Markup("").join(parts), len(bars) * 36 + 4


def document_map(disclosure: Row, rows: Iterable[Row]) -> Markup:
    """Every row of a document as a box, block by block, filled as high as its density."""
    size = 11.0
    blocks: dict[int, list[Row]] = {}
    for row in rows:
        blocks.setdefault(row["block"], []).append(row)
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
        if block == 1 or block % 5 == 0:
            y = (max(map(len, blocks.values())) + 1) * (size + 2)
            parts.append(_text(x, y, str(block)))
    lost = [str(block) for block, of in blocks.items() if of[0]["redaction_band"] == "unknown"]
    height = (max(map(len, blocks.values()), default=0) + 1) * (size + 2) + 4
    said = f"{len(blocks)} blocks. Markers lost in blocks {', '.join(lost) or 'none'}."
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="drawing map" viewBox="0 0 {} {}" role="img" '
        'aria-labelledby="map-t map-d"><title id="map-t">Redaction of {}, row by row</title>'
        '<desc id="map-d">{}</desc>{}{}</svg>'
    ).format(
        len(blocks) * (size + 2), height, disclosure["reference"], said, HATCH, Markup("").join(parts)
    )  # fmt: skip


def drawings(query: Row, by_disclosure: Mapping[str, Iterable[Row]]) -> dict[str, Markup]:
    """The drawing of `query` for each disclosure, for two are never drawn as one; or none at all."""
    if not query.get("drawing"):
        return {}
    return {
        disclosure: draw(f"{query['name']}-{disclosure}", query["title"], query["drawing"], of_one)
        for disclosure, of_one in by_disclosure.items()
    }


@hookimpl
def extra_template_vars() -> dict[str, Any]:
    return {"drawings": drawings, "document_map": document_map}


async def _drawn(datasette: Datasette, name: str) -> dict[str, Any]:
    query = await datasette.get_canned_query("foi", name, None)
    if not query or not query.get("drawing"):
        raise NotFound(f"There is no drawing of {name}")
    return dict(query)


async def picture(datasette: Datasette, request: Request) -> Response:
    """The drawing of a question as a file, of the disclosure asked for or of the first."""
    query = await _drawn(datasette, request.url_vars["name"])
    asked = {"_shape": "array", "disclosure_id": request.args.get("disclosure_id") or ""}
    answer = await datasette.client.get(f"/foi/{query['name']}.json", params=asked)
    answered = answer.json()
    if not answered:
        raise NotFound("There is no such disclosure")
    rows = [row for row in answered if row["disclosure_id"] == answered[0]["disclosure_id"]]
    svg = draw(query["name"], query["title"], query["drawing"], rows, STYLE)
    return Response(str(svg), content_type="image/svg+xml; charset=utf-8")


async def embed(datasette: Datasette, request: Request) -> Response:
    """A page with the drawing, its source and its caveats, for other sites to frame."""
    query = await _drawn(datasette, request.url_vars["name"])
    page = await datasette.render_template("embed.html", {"query": query}, request=request)
    return Response.html(page, headers={"x-robots-tag": "noindex"})


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Awaitable[Response]]]]:
    return [(r"^/drawing/(?P<name>[a-z-]+)\.svg$", picture), (r"^/embed/(?P<name>[a-z-]+)$", embed)]


@hookimpl
def asgi_wrapper() -> Callable[[Asgi], Asgi]:
    """Let no page be framed but those made for it."""

    def wrap(app: Asgi) -> Asgi:
        async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
            async def send_guarded(event: dict[str, Any]) -> None:
                if event["type"] == "http.response.start":
                    guard = (b"content-security-policy", b"frame-ancestors 'none'")
                    event = {**event, "headers": [*event.get("headers", []), guard]}
                await send(event)

            framed = scope["type"] != "http" or scope["path"].startswith("/embed/")
            await app(scope, receive, send if framed else send_guarded)

        return wrapped

    return wrap
