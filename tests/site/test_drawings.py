"""The geometry of drawings: lengths are on one scale, parts are in position, and nothing is outside
the frame."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from datasette.app import Datasette

from ingest.text.phrases import long_date
from tests.site.conftest import BOUNDS, MIXED
from tests.site.pages import METADATA
from tests.site.questions import FIRST, QUESTIONS, Row, answer

DISCLOSURES = (FIRST, BOUNDS, MIXED)
DRAWN: dict[str, dict[str, Any]] = {
    name: question.header.drawing.model_dump(exclude_defaults=True)
    for name, question in QUESTIONS.items()
    if question.header.drawing
}
STROKED = 0.75
"""How far outlined parts are inset, so that parts do not touch."""
THINNEST = 0.5
"""Minimum height of a visible part, in SVG units."""
CLOSE = 0.03
"""Tolerance in SVG units: lengths are written to two decimal places."""
KINDS = {"finalised": "finalised", "under investigation": "open", "missing": "missing"}
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Box:
    """A rectangle with its inset added back."""

    kind: str
    x: float
    y: float
    width: float
    height: float

    @classmethod
    def of(cls, element: ElementTree.Element) -> Box:
        kind = element.attrib["class"]
        x, y, width, height = (float(element.attrib[n]) for n in ("x", "y", "width", "height"))
        edge = STROKED if kind in ("open", "missing", "lost", "bounds", "shown") else 0
        return cls(kind, x - edge, y - edge, width + 2 * edge, height + 2 * edge)


@dataclass(frozen=True)
class Panel:
    """One panel: boxes, words with their positions, and lines."""

    x: float
    y: float
    boxes: list[Box]
    words: list[tuple[float, float, str]]
    heading: str
    below_heading: float
    """The y coordinate of the last line of the heading."""
    axis: tuple[float, float] | None
    """The x coordinate of the end of the axis, and its y coordinate."""
    change: float | None
    """The x coordinate of the line for the change of rules."""

    @classmethod
    def of(cls, group: ElementTree.Element) -> Panel:
        match = re.fullmatch(r"translate\(([\d.]+) ([\d.]+)\)", group.attrib["transform"])
        assert match
        texts = group.findall(f"{SVG}text")
        lines = {line.attrib["class"]: line.attrib for line in group.findall(f"{SVG}line")}
        axis, change = lines.get("axis"), lines.get("change")
        assert not axis or (axis["x1"], axis["y1"]) == ("0", axis["y2"])
        assert not change or change["x1"] == change["x2"]
        return cls(
            float(match[1]),
            float(match[2]),
            [Box.of(rect) for rect in group.findall(f"{SVG}rect")],
            [
                (float(text.attrib["x"]), float(text.attrib["y"]), text.text or "")
                for text in texts
                if text.get("class") != "heading"
            ],
            " ".join(text.text or "" for text in texts if text.get("class") == "heading"),
            max((float(t.attrib["y"]) for t in texts if t.get("class") == "heading"), default=-11),
            (float(axis["x2"]), float(axis["y1"])) if axis else None,
            float(change["x1"]) if change else None,
        )

    @property
    def low(self) -> float:
        """Return the largest y coordinate in the panel."""
        boxes = [box.y + box.height for box in self.boxes]
        return max([*boxes, *(y for _, y, _ in self.words)], default=0)


@dataclass(frozen=True)
class Picture:
    width: float
    height: float
    panels: list[Panel]

    @classmethod
    def of(cls, text: str) -> Picture:
        svg = ElementTree.fromstring(text)
        left, top, width, height = map(float, svg.attrib["viewBox"].split())
        assert (left, top) == (0, 0)
        return cls(width, height, [Panel.of(group) for group in svg.findall(f"{SVG}g")])


@dataclass
class Bar:
    """The expected content of a bar: its parts in order, with kind and figure, and the bounds of a
    share."""

    label: str
    parts: list[tuple[str, float]]
    bounds: tuple[float, float] | None = None
    share: float | None = None


def why_empty(row: Row, column: str) -> str:
    """Why a value is NULL, as the key of the site names it."""
    if row["status"] != "finalised":
        return str(row["status"])
    return "undecided" if column == "regime" else "not stated"


def kind_of(drawing: Row, row: Row) -> str:
    """The class of the part that stands for the officers of `row`."""
    for column in (drawing["by"], drawing.get("panel")):
        if column and (row[column] == "unknown"):
            return "lost"
        if column and row[column] is None and why_empty(row, column) == "not stated":
            return "unstated"
    return KINDS[row["status"]] if drawing.get("state") else "finalised"


def bars_to_draw(drawing: Row, rows: list[Row]) -> list[Bar]:
    bars: dict[str, Bar] = {}
    for row in rows:
        value = row[drawing["by"]]
        label = str(value) if value is not None else why_empty(row, drawing["by"])
        bar = bars.setdefault(label, Bar(label, []))
        if "share" in drawing:
            bar.share = row[drawing["share"]]
            bar.parts = [("finalised", bar.share)] if bar.share else []
            if "lower" in drawing and bar.share is not None:
                lowest, highest = row[drawing["lower"]], row[drawing["upper"]]
                bar.bounds = (lowest, highest) if lowest < highest else None
            continue
        parts = drawing.get("parts") or {None: drawing["count"]}
        for state, column in parts.items():
            kind = KINDS[state] if state else kind_of(drawing, row)
            if row[column] > 0:
                bar.parts.append((kind, row[column]))
    return list(bars.values())


def panels_to_draw(drawing: Row, rows: list[Row]) -> list[tuple[str, list[Bar]]]:
    """Return the expected panels, largest first and NULL last, each with its bars."""
    each = drawing.get("panel")
    if not each:
        return [("", bars_to_draw(drawing, rows))]
    of_each: defaultdict[tuple[bool, str], list[Row]] = defaultdict(list)
    for row in rows:
        value = row[each]
        called = drawing.get("panel_title", "{}").format(value)
        of_each[value is None, why_empty(row, each) if value is None else called].append(row)
    fullest = sorted(
        of_each, key=lambda k: (k[0], 0 if k[0] else -sum(r[drawing["count"]] for r in of_each[k]))
    )
    panels = [(title, bars_to_draw(drawing, of_each[none, title])) for none, title in fullest]
    if drawing["by"] == "year":
        years = sorted({str(row["year"]) for row in rows})
        for title, bars in panels:
            found = {bar.label: bar for bar in bars}
            bars[:] = [found.get(year) or Bar(year, []) for year in years]
            assert title
    return panels


async def drawn_and_meant(
    site: Datasette, name: str, disclosure: str
) -> tuple[Picture, list[tuple[str, list[Bar]]]]:
    response = await site.client.get(f"/drawing/{name}.svg?disclosure_id={disclosure}")
    assert response.status_code == 200, response.text
    meant = panels_to_draw(DRAWN[name], await answer(site, name, disclosure_id=disclosure))
    return Picture.of(response.text), meant


def columns_of(panel: Panel, bars: list[Bar]) -> list[tuple[float, list[Box]]]:
    """Return vertical bars: the x coordinate of each, from its label below the axis, and its
    boxes."""
    assert panel.axis
    below = sorted(y for _, y, _ in panel.words if y > panel.axis[1])
    middles = [(x, words) for x, y, words in panel.words if y == below[0]]
    assert [words[-2:] for _, words in middles] == [bar.label[-2:] for bar in bars]
    assert [x for x, _ in middles] == sorted(x for x, _ in middles)
    return [(x, [box for box in panel.boxes if box.x < x < box.x + box.width]) for x, _ in middles]


def lines_of(panel: Panel, bars: list[Bar]) -> list[tuple[float, list[Box]]]:
    """Return horizontal bars: the y coordinate of each label, and the boxes between it and the next
    label."""
    labels = [(y, words) for x, y, words in panel.words if x == 0][: len(bars)]
    meant = ["" if bar.label == panel.heading else bar.label for bar in bars]
    assert [words for _, words in labels] == meant
    tops = [y for y, _ in labels]
    assert tops == sorted(tops)
    ends = [*tops[1:], panel.low + 1]
    return [
        (top, [box for box in panel.boxes if top < box.y + box.height / 2 < end])
        for top, end in zip(tops, ends, strict=True)
    ]


def along(box: Box, upright: bool, base: float) -> tuple[float, float]:
    """Where a box begins and ends, counted from the axis."""
    if upright:
        return base - box.y - box.height, base - box.y
    return box.x, box.x + box.width


ALL = [(name, disclosure) for name in DRAWN for disclosure in DISCLOSURES]


@pytest.mark.asyncio
@pytest.mark.parametrize(("name", "disclosure"), ALL)
async def test_every_bar_is_as_long_as_its_figure_on_one_scale(
    mixed: Datasette, name: str, disclosure: str
) -> None:
    """Parts are stacked in order from the axis, without gaps or overlaps; frames span the
    bounds."""
    picture, meant = await drawn_and_meant(mixed, name, disclosure)
    upright = DRAWN[name]["by"] == "year"
    assert len(picture.panels) == len(meant)
    ends: list[tuple[float, float]] = []
    boxes_seen = 0
    for panel, (title, bars) in zip(picture.panels, meant, strict=True):
        assert panel.heading == title
        assert (panel.axis is not None) == upright
        base = panel.axis[1] if panel.axis else 0.0
        found = (columns_of if upright else lines_of)(panel, bars)
        boxes_seen += len(panel.boxes) - sum(len(boxes) for _, boxes in found)
        for bar, (_, boxes) in zip(bars, found, strict=True):
            parts = [box for box in boxes if box.kind != "bounds"]
            assert [box.kind for box in parts] == [kind for kind, _ in bar.parts]
            end, value = 0.0, 0.0
            for box, (_, figure) in zip(parts, bar.parts, strict=True):
                start, stop = along(box, upright, base)
                assert start == pytest.approx(end, abs=CLOSE)
                end, value = stop, value + figure
                ends.append((value, end))
            frames = [along(box, upright, base) for box in boxes if box.kind == "bounds"]
            assert len(frames) == bool(bar.bounds)
            if bar.bounds:
                ends += zip(bar.bounds, frames[0], strict=True)
    assert boxes_seen == 0
    if not ends:
        assert disclosure == BOUNDS  # which has nobody under investigation
        return
    whole = 1.0 if "share" in DRAWN[name] else max(value for value, _ in ends)
    farthest, most = max((end, value) for value, end in ends)
    scale = farthest / most
    for value, end in ends:
        # A part is never drawn thinner than can be seen.
        assert end == pytest.approx(value * scale, abs=2 * STROKED if value * scale < 2 else 0.15)
    room = picture.panels[0].axis[1] if picture.panels[0].axis else picture.width
    assert 0.6 * room <= scale * whole <= room


@pytest.mark.asyncio
@pytest.mark.parametrize(("name", "disclosure"), ALL)
async def test_every_bar_carries_its_figure_at_its_end(
    mixed: Datasette, name: str, disclosure: str
) -> None:
    picture, meant = await drawn_and_meant(mixed, name, disclosure)
    upright = DRAWN[name]["by"] == "year"
    for panel, (_, bars) in zip(picture.panels, meant, strict=True):
        found = (columns_of if upright else lines_of)(panel, bars)
        for bar, (place, boxes) in zip(bars, found, strict=True):
            figure = f"{sum(value for _, value in bar.parts):g}"
            if "share" in DRAWN[name]:
                figure = "no figure" if bar.share is None else f"{bar.share:.1%}"
                if bar.share is not None and "lower" not in DRAWN[name]:
                    figure = (
                        ("≥" if upright else "at least ") + figure if bar.share else "none found"
                    )
            if upright:
                assert panel.axis
                tops = [box.y for box in boxes if box.kind != "bounds"] or [panel.axis[1]]
                (y,) = (y for x, y, words in panel.words if x == place and words == figure)
                assert y < min(tops)
                assert min(tops) - y < 50 if bar.bounds else min(tops) - y < 8
            else:
                reach = max((box.x + box.width for box in boxes), default=0.0)
                ((x, words),) = (
                    (x, words) for x, y, words in panel.words if x > 0 and 0 < y - place < 20
                )
                assert words.split(" (")[0] == figure
                assert 0 < x - reach < 8


@pytest.mark.asyncio
@pytest.mark.parametrize(("name", "disclosure"), ALL)
async def test_bars_and_panels_are_side_by_side_within_the_picture(
    mixed: Datasette, name: str, disclosure: str
) -> None:
    """Panels by year are in two columns, others in one; none overlaps another."""
    picture, _ = await drawn_and_meant(mixed, name, disclosure)
    drawing = DRAWN[name]
    across = 2 if drawing["by"] == "year" and "panel" in drawing else 1
    bottom = 0.0
    for first in range(0, len(picture.panels), across):
        line = picture.panels[first : first + across]
        assert {panel.y for panel in line} == {line[0].y}
        assert line[0].y >= bottom
        assert line[0].x == 0
        if len(line) == 2:
            assert picture.width / 2 <= line[1].x <= picture.width / 2 + 20
        bottom = max(panel.y + panel.low for panel in line)
        for panel, end in zip(line, [*(panel.x for panel in line[1:]), picture.width], strict=True):
            boxes = [box for box in panel.boxes if box.kind != "bounds"]
            assert all(panel.x + box.x + box.width <= end for box in panel.boxes)
            assert all(box.x >= 0 and box.y >= 0 for box in panel.boxes)
            assert all(0 <= x <= picture.width and y >= 0 for x, y, _ in panel.words)
            assert all(y >= panel.below_heading + 11 for _, y, words in panel.words if words)
            if panel.axis:
                width, base = panel.axis
                assert panel.x + width <= end
                assert all(box.y + box.height <= base + CLOSE for box in panel.boxes)
                sides = sorted({(box.x, box.x + box.width) for box in boxes if not thin(box)})
                assert all(a[1] < b[0] for a, b in pairwise(sides))
    assert bottom <= picture.height


def thin(box: Box) -> bool:
    """Return whether a box is the dash for "not stated"."""
    return box.kind == "unstated"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "disclosure"), [(n, d) for n, d in ALL if DRAWN[n]["by"] == "year"]
)
async def test_the_change_of_rules_is_before_the_bar_of_2020(
    mixed: Datasette, name: str, disclosure: str
) -> None:
    picture, meant = await drawn_and_meant(mixed, name, disclosure)
    for panel, (_, bars) in zip(picture.panels, meant, strict=True):
        middles = {bar.label: x for bar, (x, _) in zip(bars, columns_of(panel, bars), strict=True)}
        assert (panel.change is not None) == ("2020" in middles)
        if panel.change is not None:
            before = max(x for year, x in middles.items() if year < "2020")
            assert before < panel.change < middles["2020"]


@pytest.mark.asyncio
@pytest.mark.parametrize("disclosure", DISCLOSURES)
async def test_a_year_that_is_not_whole_says_to_which_day_it_goes(
    mixed: Datasette, disclosure: str
) -> None:
    picture, _ = await drawn_and_meant(mixed, "officers-per-year", disclosure)
    rows = await answer(mixed, "officers-per-year", disclosure_id=disclosure)
    days = [row["covered_to"] for row in rows if not row["covered_to"].endswith("-12-31")]
    said = [
        words for panel in picture.panels for _, _, words in panel.words if words.startswith("to ")
    ]
    assert said == [f"to {long_date(day)}" for day in days]
    assert bool(days) == (disclosure == FIRST)


async def rows_of_the_document(site: Datasette, disclosure: str) -> list[Row]:
    path = "/foi/officer_allegations.json?_shape=array&_size=max&_nofacet=1&disclosure_id="
    rows: list[Row] = (await site.client.get(path + disclosure)).json()
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    return rows


@pytest.mark.asyncio
@pytest.mark.parametrize("disclosure", DISCLOSURES)
async def test_the_map_has_a_box_for_each_row_black_as_high_as_its_density(
    mixed: Datasette, disclosure: str
) -> None:
    """A column is a block, with its rows from top to bottom; each box is filled from the bottom."""
    page = (await mixed.client.get("/redaction")).text
    svg = {
        match[1]: match[0]
        for match in re.finditer(
            r'<svg[^>]*aria-labelledby="map-([^"]*)-t .*?</svg>', page, re.DOTALL
        )
    }
    assert list(svg) == [*DISCLOSURES]
    root = ElementTree.fromstring(svg[disclosure])
    rects = iter([Box.of(rect) for rect in root.findall(f"{SVG}rect")])
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    places: dict[tuple[float, float], Row] = {}
    sizes: set[float] = set()
    last: tuple[Row, float, float] | None = None
    for row in await rows_of_the_document(mixed, disclosure):
        box = next(rects)
        sizes |= {round(box.width, 1), round(box.height, 1)}
        places[box.x, box.y] = row
        assert box.kind == {None: "open", "unknown": "lost"}.get(row["redaction_band"], "shown")
        assert box.x + box.width <= width
        assert box.y + box.height <= height
        if last:
            before, x, y = last
            if row["block"] == before["block"]:
                assert box.x == x
                assert box.y > y + box.height - CLOSE
            else:
                assert box.x > x + box.width - CLOSE
                assert box.y == pytest.approx(0, abs=CLOSE)
        else:
            assert (box.x, box.y) == pytest.approx((0, 0), abs=CLOSE)
        last = (row, box.x, box.y)
        if row["redaction_density"]:
            black = next(rects)
            assert black.kind == "finalised"
            assert black.x == pytest.approx(box.x, abs=CLOSE)
            assert black.width == pytest.approx(box.width, abs=CLOSE)
            full = max(box.height * row["redaction_density"], THINNEST)
            assert black.height == pytest.approx(full, abs=CLOSE)
            assert black.y + black.height == pytest.approx(box.y + box.height, abs=0.1)
    assert next(rects, None) is None
    assert len(sizes) == 1
    assert len(places) == len(await rows_of_the_document(mixed, disclosure))
    labels = {t.text: float(t.attrib["x"]) for t in root.findall(f"{SVG}text")}
    firsts = {str(row["block"]): x for (x, y), row in places.items()}
    assert all(x == pytest.approx(firsts[str(block)], abs=1) for block, x in labels.items())
    lost = {str(row["block"]) for row in places.values() if row["redaction_band"] == "unknown"}
    assert {"1", *lost} <= set(labels)
    said = root.findtext(f"{SVG}desc") or ""
    assert re.findall(r"\d+", said) == [str(len(firsts)), *sorted(lost, key=int)]


def legend_of(page: str) -> list[tuple[str, str]]:
    """Return the legend's entries: the class and the label of each."""
    match = re.search(r'<span class="legend">(.*?)</span>\s*Source', page, re.DOTALL)
    assert match
    samples = re.split(r'<span class="([^"]*)" aria-hidden="true"></span>', match[1])
    assert not samples[0].strip()
    words = [" ".join(html.unescape(text).split()) for text in samples[2::2]]
    return [*zip(samples[1::2], words, strict=True)]


async def legends(site: Datasette) -> dict[str, list[tuple[str, str]]]:
    found = {}
    for name in DRAWN:
        response = await site.client.get(f"/embed/{name}?disclosure_id={MIXED}")
        found[name] = legend_of(response.text)
    return found


def figure_of(drawing: Row) -> str:
    """Return what a solid bar means."""
    if "share" in drawing:
        return "share of finalised" if "lower" in drawing else "share at least"
    if "solid" in drawing:
        return str(drawing["solid"])
    return "finalised" if "state" in drawing or "parts" in drawing else "at least"


@pytest.mark.asyncio
async def test_a_legend_explains_what_is_drawn_and_nothing_else(mixed: Datasette) -> None:
    for name, legend in (await legends(mixed)).items():
        drawing = DRAWN[name]
        picture = (await mixed.client.get(f"/drawing/{name}.svg?disclosure_id={MIXED}")).text
        kinds = set(re.findall(r'<rect class="([^"]*)"', picture))
        stateful = "state" in drawing or "parts" in drawing
        samples = {
            "absent full": True,
            "absent bounded": "bounds" in kinds,
            "absent absent-under-investigation": stateful,
            "absent absent-missing": stateful,
            "absent dash": "unstated" in kinds,
            "unknown": "lost" in kinds,
        }
        assert [sample for sample, _ in legend] == [s for s, shown in samples.items() if shown]
        assert kinds & {"open", "missing"} == set() or stateful
        assert all(words for _, words in legend)


@pytest.mark.asyncio
async def test_each_kind_of_figure_has_one_description_of_a_solid_bar(
    mixed: Datasette,
) -> None:
    """A share of officers whose matters were finalised is not called a lower bound, or the reverse."""
    said: defaultdict[str, set[str]] = defaultdict(set)
    for name, legend in (await legends(mixed)).items():
        said[figure_of(DRAWN[name])].add(legend[0][1].split(";")[0].split(".")[0])
    assert len(said) == 5
    assert all(len(words) == 1 for words in said.values()), said
    (of_finalised,), (at_least,), (summaries,), (finalised,), (more,) = (
        said[kind]
        for kind in ("share of finalised", "share at least", "summaries", "finalised", "at least")
    )
    assert "share" in of_finalised
    assert "finalised" in of_finalised
    assert "share" in at_least
    assert "least" in at_least
    assert "finalised" not in at_least
    assert "band" in summaries
    assert "finalised" in finalised
    assert "share" not in finalised
    assert "more" in more or "least" in more


@pytest.mark.asyncio
async def test_a_drawing_is_read_aloud_in_the_words_of_its_legend(mixed: Datasette) -> None:
    for name, legend in (await legends(mixed)).items():
        picture = (await mixed.client.get(f"/drawing/{name}.svg?disclosure_id={MIXED}")).text
        said = ElementTree.fromstring(picture).findtext(f"{SVG}desc") or ""
        called = set(re.findall(r"(?<=[:,] )\d+ ([a-z][a-z ]*)", said)) - {"or more"}
        assert all(any(words in label for _, label in legend) for words in called), (name, called)
        solid = legend[0][1].split(" in this band")[0]
        if "count" in DRAWN[name] and "state" in DRAWN[name]:
            assert solid in called, (name, called)


@pytest.mark.asyncio
async def test_the_notes_on_panels_are_under_panels_and_nowhere_else(mixed: Datasette) -> None:
    """The notes are about the change of rules, the common scale, and officers with a panel of their
    own."""
    for name, legend in (await legends(mixed)).items():
        drawing, words = DRAWN[name], legend[-1][1]
        panels = "panel" in drawing
        assert ("February 2020" in words) == (panels and drawing["by"] == "year"), name
        assert ("scale" in words) == panels, name
        assert ("own panels" in words) == (panels and "state" in drawing), name


@pytest.mark.asyncio
async def test_a_year_that_is_not_whole_is_noted_under_drawings_of_years(mixed: Datasette) -> None:
    for name, drawing in DRAWN.items():
        for disclosure in (FIRST, MIXED):
            page = (await mixed.client.get(f"/embed/{name}?disclosure_id={disclosure}")).text
            caption = page.partition("<figcaption>")[2].partition("</figcaption>")[0]
            noted = bool(re.search(r"\b2022 is", caption))
            assert noted == (drawing["by"] == "year" and disclosure == FIRST), name


def test_every_reason_for_a_blank_is_one_that_the_site_names() -> None:
    empty: dict[str, Any] = METADATA["plugins"]["missing_values"]["by_status"]
    for status in KINDS:
        for column in ("rank", "result", "action", "sanction", "regime", "redaction_band"):
            (why,) = (why for why, columns in empty[status].items() if column in columns)
            assert why == why_empty({"status": status}, column)
