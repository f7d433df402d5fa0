"""The styles of a workbook: which cells show nothing, because of their colours or their number format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from openpyxl.styles.colors import COLOR_INDEX

from ingest.excel.package import Attributes, Package

Visibility = Literal["shown", "over dark", "over light", "shows nothing"]

_MIN_CONTRAST = 1.3
"""The contrast, as defined by the Web Content Accessibility Guidelines, below which nobody can read a
text: 1 is none, 21 black on white."""
_DARK = 0.18
"""The relative luminance of a fill below which it is dark: that of a middle grey."""
_THEME = ("lt1", "dk1", "lt2", "dk2", *(f"accent{n}" for n in range(1, 7)), "hlink", "folHlink")
"""The colours of a theme by their number in a style."""
_WHITE, _BLACK = "FFFFFF", "000000"


@dataclass
class _Format:
    font: int = 0
    fill: int = 0
    number: int = 0


@dataclass
class Styles:
    """The styles of cells, by their number in the workbook."""

    visibility: list[Visibility] = field(default_factory=list)

    def of(self, style: str | None) -> Visibility:
        """Return what can be seen of a cell with the style of this number."""
        number = int(style) if style and style.isdecimal() else 0
        return self.visibility[number] if number < len(self.visibility) else "shown"


def read_styles(package: Package) -> Styles:
    """Return the styles of a workbook."""
    parts = package.relations(package.workbook).values()
    theme = next((part for part in parts if "/theme/" in part), None)
    styles = next((part for part in parts if part.rpartition("/")[2] == "styles.xml"), None)
    if styles is None:
        return Styles()
    reader = _Reader(_theme_colours(package, theme) if theme in package.names else {})
    for _ in package.parse(styles, reader.start, reader.end):
        pass
    return Styles([reader.visibility(one) for one in reader.formats])


def _theme_colours(package: Package, part: str | None) -> dict[int, str]:
    colours: dict[int, str] = {}
    slot = None
    for name, attributes in package.elements(part or ""):
        if name in _THEME:
            slot = _THEME.index(name)
        elif name in ("srgbClr", "sysClr") and slot is not None:
            colours.setdefault(slot, attributes.get("lastClr") or attributes.get("val", ""))
            slot = None if name == "srgbClr" else slot
        elif name == "fontScheme":
            break
    return colours


class _Reader:
    """Collect fonts, fills and formats while styles.xml is parsed."""

    def __init__(self, theme: dict[int, str]) -> None:
        self.theme = theme
        self.path: list[str] = []
        self.fonts: list[str | None] = []
        self.fills: list[str | None] = []
        self.numbers: dict[int, str] = {}
        self.formats: list[_Format] = []

    def start(self, name: str, attributes: Attributes) -> None:
        above = self.path[-1] if self.path else ""
        self.path.append(name)
        if name == "numFmt" and above == "numFmts":
            self.numbers[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif name == "font" and above == "fonts":
            self.fonts.append(None)
        elif name == "color" and above == "font" and "fonts" in self.path:
            self.fonts[-1] = self._colour(attributes)
        elif name == "fill" and above == "fills":
            self.fills.append(None)
        elif name == "patternFill" and above == "fill" and "fills" in self.path:
            self.solid = attributes.get("patternType") == "solid"
        elif name == "fgColor" and above == "patternFill" and "fills" in self.path and self.solid:
            self.fills[-1] = self._colour(attributes)
        elif name == "xf" and above == "cellXfs":
            self.formats.append(
                _Format(
                    int(attributes.get("fontId", 0)),
                    int(attributes.get("fillId", 0)),
                    int(attributes.get("numFmtId", 0)),
                )
            )

    def end(self, name: str) -> None:
        self.path.pop()

    def visibility(self, one: _Format) -> Visibility:
        code = self.numbers.get(one.number)
        if code is not None and not code.replace(";", "").strip():
            return "shows nothing"
        font = (self.fonts[one.font] if one.font < len(self.fonts) else None) or _BLACK
        fill = (self.fills[one.fill] if one.fill < len(self.fills) else None) or _WHITE
        text, ground = _luminance(font), _luminance(fill)
        lighter, darker = max(text, ground), min(text, ground)
        if (lighter + 0.05) / (darker + 0.05) >= _MIN_CONTRAST:
            return "shown"
        return "over dark" if ground < _DARK else "over light"

    def _colour(self, attributes: Attributes) -> str | None:
        """Return a colour as six hexadecimal digits; None for the automatic one."""
        colour: str | None = None
        if "rgb" in attributes:
            colour = attributes["rgb"][-6:]
        elif "theme" in attributes:
            colour = self.theme.get(int(attributes["theme"]))
        elif "indexed" in attributes:
            index = int(attributes["indexed"])
            colour = COLOR_INDEX[index][-6:] if index < len(COLOR_INDEX) else None
        if colour is None or len(colour) != 6:
            return None
        return _tint(colour, float(attributes.get("tint", 0)))


def _tint(colour: str, tint: float) -> str:
    """Return a colour made lighter by the share `tint` (0 to 1), or darker (-1 to 0)."""
    channels = [int(colour[at : at + 2], 16) for at in (0, 2, 4)]
    mixed = [
        channel * (1 + tint) if tint < 0 else channel + (255 - channel) * tint
        for channel in channels
    ]
    return "".join(f"{round(min(max(channel, 0), 255)):02X}" for channel in mixed)


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour: 0 for black, 1 for white."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
