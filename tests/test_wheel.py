"""The ingest package installed from its wheel, outside the checkout, with only its dependencies."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

from ingest.build import build
from ingest.database.inspect import content_hash
from tests.documents import FolderCopy
from tests.serving import ROOT

pytestmark = pytest.mark.long
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in `cwd`, with the checkout not importable."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy because building leaves files behind."""
    copy, out = (tmp_path_factory.mktemp(name) for name in ("project", "wheel"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(ROOT / "ingest", copy / "ingest")
    build_wheel = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out)
    result = run(*build_wheel, copy, cwd=out)
    assert result.returncode == 0, result.stdout + result.stderr
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a virtual environment with the wheel and the packages in
    requirements.lock."""
    place = tmp_path_factory.mktemp("venv")
    venv.create(place, symlinks=True)
    packages = next(place.glob("lib/*/site-packages"))
    locked = (ROOT / "requirements.lock").read_text("utf-8")
    for name in re.findall(r"^([^\s=]+)==", locked, re.MULTILINE):
        installed = distribution(name)
        for part in {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}:
            if not (packages / part).exists():
                (packages / part).symlink_to(Path(str(installed.locate_file(part))))
    pip = (sys.executable, "-m", "pip", "--python", place / "bin" / "python")
    result = run(*pip, "install", "--no-index", "--no-build-isolation", wheel, cwd=place)
    assert result.returncode == 0, result.stdout + result.stderr
    return place / "bin"


def test_the_wheel_has_the_rules_and_no_disclosure(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    ours = [path for path in (ROOT / "ingest").rglob("*.*") if path.is_file()]
    wanted = {
        str(path.relative_to(ROOT))
        for path in ours
        if path.suffix in {".py", ".sql", ".yml", ".json"} and "disclosures" not in path.parts
    }
    assert packed == wanted


def test_the_installed_ingest_builds_what_the_checkout_builds(
    programs: Path, copy: FolderCopy, tmp_path: Path
) -> None:
    given = ("--disclosures", copy.path.parent, "--database", tmp_path / "installed.db")
    result = run(programs / "foi-ingest", "build", *given, cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    build(copy.path.parent, tmp_path / "checkout.db")
    assert content_hash(tmp_path / "installed.db") == content_hash(tmp_path / "checkout.db")


def test_away_from_a_checkout_it_asks_for_the_disclosures(programs: Path, tmp_path: Path) -> None:
    result = run(programs / "foi-ingest", "build", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("ingest/disclosures\n")
    assert "with --disclosures" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_states_its_version(programs: Path, tmp_path: Path) -> None:
    result = run(programs / "foi-ingest", "--version", cwd=tmp_path)
    assert result.stdout == f"foi-ingest, version {PROJECT['version']}\n"
