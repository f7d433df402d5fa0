"""Name redaction densities. The thresholds are defined only in `bands.yml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Self

from pydantic import model_validator

from ingest.config.yaml_model import Model, Text, load_bundled

BANDS_FILE = Path(__file__).parent / "bands.yml"
UNKNOWN = "unknown"
"""The band of a summary whose markers were lost."""


class Band(Model):
    """A band: its label, its meaning and the densities that it covers, either one value or all
    below an upper bound."""

    band: Text
    equals: float | None = None
    below: float | None = None
    label: Text
    meaning: Text

    def covers(self, density: float) -> bool:
        """Return whether the band covers `density`, assuming that no earlier band does."""
        return density == self.equals or (self.below is not None and density < self.below)


class Bands(Model):
    """All bands, from least to most redacted, and `unknown` last."""

    bands: list[Band]

    @model_validator(mode="after")
    def _cover_everything(self) -> Self:
        *known, last = self.bands
        bounds = [band.below if band.equals is None else band.equals for band in known]
        if None in bounds or bounds != sorted(bounds) or (bounds[0], bounds[-1]) != (0, 1):  # type: ignore[type-var]
            raise ValueError("bands in order, each with one bound, from 0 to 1")
        if last.band != UNKNOWN or last.below is not None or last.equals is not None:
            raise ValueError(f"{UNKNOWN} last, without a bound")
        return self


@cache
def all_bands() -> tuple[Band, ...]:
    """Return every band in order."""
    return tuple(load_bundled(BANDS_FILE, Bands).bands)


def band(density: float) -> str:
    """Return the name of the band that covers `density`, from 0 to 1."""
    return next(band.band for band in all_bands() if band.covers(density))


def ranges() -> list[tuple[Band, float | None, float | None]]:
    """Return each band with its lowest density and its upper bound, which are both None for
    `unknown`."""
    found: list[tuple[Band, float | None, float | None]] = []
    reached: float | None = 0.0
    for band in all_bands():
        upper = band.below if band.equals is None else band.equals
        lower = None if upper is None else reached if band.equals is None else band.equals
        found.append((band, lower, upper))
        reached = upper
    return found
