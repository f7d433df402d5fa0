"""The audit: hidden content is refused or needs a decision, and is never shown."""

from __future__ import annotations

import base64
import io
import logging
import re
import sqlite3
import subprocess
import sys
import traceback
from contextlib import closing
from pathlib import Path

import pdfplumber
import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from ingest.cli import main
from ingest.pdf.limits import Unreadable
from ingest.pdf.pool import Pool, read_document
from ingest.records.audit_findings import AuditFinding
from tests import pdfs
from tests.documents import FIRST
from tests.pdfs.raw import FONT, WORD_SHOWN, page_of, stream

pytestmark = pytest.mark.usefixtures("warm")
SECRET = "Kestrelmoor"
REFUSED = {
    "box after": {"hidden-over-dark"},
    "box before": {"hidden-over-dark"},
    "round": {"hidden-over-dark"},
    "image": {"hidden-over-dark"},
    "square": {"hidden-over-dark", "dark-annotation"},
    "square with look": {"hidden-over-dark"},
    "redact": {"redact-annotation"},
    "ink": {"hidden-over-dark", "dark-annotation"},
    "ink with look": {"hidden-over-dark"},
    "highlight": {"hidden-over-dark", "dark-annotation"},
    "highlight with look": {"hidden-over-dark"},
    "invisible": {"hidden-over-dark"},
    "clipped": {"hidden-over-dark"},
    "under blocks": {"hidden-over-dark"},
    "size nought": {"unaudited"},
    "tiny matrix": {"unaudited"},
    "tiny type": {"hidden-over-dark"},
}
HELD = {
    "white": {"hidden-over-light"},
    "translucent": {"under-translucent", "light-box"},
    "off page": {"off-page"},
    "light": {"hidden-over-light", "light-box"},
    "ocr": {"hidden-over-light", "light-box"},
    "layer": {"hidden-over-light", "hidden-layer"},
    "actual text": {"replacement-text", "text-in-box"},
    "field": {"form-field"},
    "attachment": {"attachment"},
    "script": {"script"},
    "author": set[str](),
    "xmp": set[str](),
    "revision": {"earlier-revision"},
    "hatched": {"partly-covered"},
    "pale": {"hidden-over-light"},
}


def audited(path: Path) -> list[AuditFinding]:
    return read_document(path, Pool(1)).findings


def test_every_kind_of_leak_is_tried() -> None:
    assert {*REFUSED, *HELD} == set(pdfs.LEAKS)


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize("kind", REFUSED)
def test_a_dark_cover_or_a_redact_annotation_is_refused_where_it_is(
    tmp_path: Path, kind: str
) -> None:
    drawn = pdfs.leak(tmp_path / "a.pdf", kind, SECRET)
    found = [one for one in audited(tmp_path / "a.pdf") if one.kind != "author"]
    assert {one.kind for one in found} == REFUSED[kind]
    assert "refuse" in {one.verdict for one in found}
    box = drawn.boxes[0]
    for one in found:
        assert one.page == 1
        assert one.count in (1, 8, len(SECRET))
        if one.kind == "unaudited":
            continue  # an empty box has no position
        assert one.box
        x, y = (one.box[0] + one.box[2]) / 2, (one.box[1] + one.box[3]) / 2
        assert box.x0 <= x <= box.x1
        assert box.top <= y <= box.bottom


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("kind", HELD)
def test_other_hidden_content_needs_a_decision(tmp_path: Path, kind: str) -> None:
    pdfs.leak(tmp_path / "a.pdf", kind, SECRET)
    found = audited(tmp_path / "a.pdf")
    assert {one.kind for one in found} == HELD[kind] | {"author"}
    assert {one.verdict for one in found} == {"pending"}
    if kind in ("white", "off page", "light", "translucent"):
        (one,) = [one for one in found if one.kind not in ("author", "light-box")]
        assert one.count == len(SECRET)


@pytest.mark.parametrize("cover", ["box", "picture", "none"])
def test_scanned_words_under_a_box_are_refused(tmp_path: Path, cover: str) -> None:
    scan = Image.new("L", (800, 120), 255)
    ImageDraw.Draw(scan).text((20, 30), f"{SECRET} {SECRET}", fill=0, font_size=60)
    canvas = Canvas(str(tmp_path / "a.pdf"), invariant=1)
    canvas.drawString(72, 700, "A letter")
    canvas.drawImage(ImageReader(scan), 72, 500, 400, 60)
    if cover == "box":
        canvas.rect(70, 498, 404, 64, fill=1)
    elif cover == "picture":
        canvas.drawImage(ImageReader(Image.new("L", (4, 4), 0)), 70, 498, 404, 64)
    canvas.save()
    found = {(one.kind, one.verdict) for one in audited(tmp_path / "a.pdf") if one.kind != "author"}
    assert found == (set() if cover == "none" else {("image-under-box", "refuse")})


@pytest.mark.long
def test_unexamined_images_are_reported(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), invariant=1)
    canvas.drawString(72, 800, "A letter")
    picture = ImageReader(Image.new("L", (4, 4), 200))
    for at in range(63):
        canvas.drawImage(picture, 40 + at % 10 * 40, 40 + at // 10 * 40, 30, 30)
    canvas.save()
    found = {one.kind: (one.verdict, one.count) for one in audited(tmp_path / "a.pdf")}
    assert found["more-pictures"] == ("pending", 3)


def annotated(path: Path, keys: str, *more: bytes) -> list[AuditFinding]:
    """The findings on a page with one annotation of these keys."""
    annotation = f"<< /Type /Annot /Rect [9 9 99 29] {keys} >>".encode()
    path.write_bytes(page_of(WORD_SHOWN, annotation, *more, keys=b"/Annots [5 0 R]"))
    return audited(path)


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        ("/Subtype /Text /Contents (Aside)", "comment"),
        ("/Subtype /Stamp /F 2", "hidden-annotation"),
        ("/Subtype /FileAttachment", "annotation-file"),
        ("/Subtype /FreeText /AP << /N 6 0 R >>", "annotation-text"),
        ("/Subtype /Redact", "redact-annotation"),
    ],
)
def test_annotations_are_reported_by_kind(tmp_path: Path, keys: str, kind: str) -> None:
    look = b"/Type /XObject /Subtype /Form /BBox [0 0 90 20] /Resources << %s >>" % FONT
    form = stream(b"BT /F 9 Tf 5 5 Td (Words) Tj ET", look)
    assert kind in {one.kind for one in annotated(tmp_path / "a.pdf", keys, form)}


@pytest.mark.parametrize(
    ("keys", "kind"),
    [(b"/Thumb 4 0 R", "thumbnail"), (b"/PieceInfo << /P << >> >>", "program-data"),
     (b"/AA << /O << /S /Launch >> >>", "script")],
)  # fmt: skip
def test_other_hidden_content_of_a_page_needs_a_decision(
    tmp_path: Path, keys: bytes, kind: str
) -> None:
    (tmp_path / "a.pdf").write_bytes(page_of(WORD_SHOWN, keys=keys))
    assert kind in {one.kind for one in audited(tmp_path / "a.pdf")}


def test_words_marked_outside_the_annotations_rectangle_are_found(tmp_path: Path) -> None:
    found = annotated(
        tmp_path / "a.pdf", "/Subtype /Redact /QuadPoints [36 510 60 510 36 498 60 498]"
    )
    assert len([one for one in found if one.kind == "redact-annotation"]) == 2


@pytest.mark.parametrize(
    "data",
    [page_of(WORD_SHOWN, box=f"({SECRET}) 0 9 9".encode()),
     page_of(WORD_SHOWN).replace(b"/Length", f"/Filter /{SECRET} /Length".encode())],
    ids=["box", "filter"],
)  # fmt: skip
def test_what_a_parser_says_is_never_passed_on(
    tmp_path: Path, data: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    with path.open("rb") as file, pytest.raises(Exception, match=SECRET):
        _ = pdfplumber.open(file).pages[0].chars
    with pytest.raises(Unreadable) as told:
        read_document(path, Pool(1))
    assert SECRET not in "".join(traceback.format_exception(told.value))
    assert SECRET not in "".join(capfd.readouterr())


@pytest.mark.parametrize("talker", ["pdfminer.pdfinterp", "pdfplumber.page"])
def test_what_a_parser_logs_is_not_kept(talker: str) -> None:
    assert not logging.getLogger(talker).isEnabledFor(logging.CRITICAL)


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("kind", pdfs.LOOKALIKES)
def test_what_hides_nothing_is_let_through(tmp_path: Path, kind: str) -> None:
    pdfs.lookalike(tmp_path / "a.pdf", kind)
    found = {one.kind for one in audited(tmp_path / "a.pdf")}
    assert found == ({"author", "dark-cell"} if kind == "dark cell" else {"author"})


@pytest.mark.parametrize(
    "variant", [{"rotate": 90}, {"rotate": 270, "origin": (-30, 20)}, {"origin": (100, 50)}]
)
def test_a_leak_is_found_on_pages_turned_or_shifted(
    tmp_path: Path, variant: dict[str, object]
) -> None:
    pdfs.leak(tmp_path / "a.pdf", "box after", SECRET, **variant)
    assert "hidden-over-dark" in {one.kind for one in audited(tmp_path / "a.pdf")}


@pytest.mark.long
def test_the_audit_meets_its_precision_and_recall(tmp_path: Path) -> None:
    """The audit meets the precision and recall that the documentation claims."""
    leaking = pdfs.filings(tmp_path / "a.pdf", 60, seed=7)
    found = {one.page for one in audited(tmp_path / "a.pdf") if one.verdict == "refuse"}
    refused = [number in found for number in range(1, len(leaking) + 1)]
    rightly = sum(leaks and is_refused for leaks, is_refused in zip(leaking, refused, strict=True))
    assert 20 <= sum(leaking) <= 40
    assert rightly / sum(refused) >= 0.95
    assert rightly / sum(leaking) >= 0.95


def traces(where: Path, secret: str) -> list[Path]:
    """Return the files below `where` that contain the word, in any encoding that a PDF uses."""
    forms = [secret.encode(), secret.encode("utf-16-be"), secret.encode("utf-16-le")]
    forms += [secret.encode().hex().encode(), secret.encode().hex().upper().encode()]
    return [
        path
        for path in where.rglob("*")
        if path.is_file() and any(form in path.read_bytes() for form in forms)
    ]


def commands(source: Path, made: Path) -> list[list[str]]:
    """Run every command that opens a PDF, with every kind of output, below `made`."""
    disclosures = str(made / "disclosures")
    return [
        ["audit", str(source), "--report", str(made / "audit.html")],
        ["compare", str(FIRST / "source.txt"), str(source)],
        ["add", str(source), "--disclosures", disclosures],
        ["build", "--disclosures", disclosures, "--database", str(made / "foi.db")],
    ]


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("kind", pdfs.LEAKS)
def test_no_command_prints_a_hidden_word(
    tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """On screen, in the report or in the database; what is refused leaves nothing at all."""
    given, made = tmp_path / "given", tmp_path / "made"
    given.mkdir()
    (made / "disclosures").mkdir(parents=True)
    source = given / "leak.pdf"
    pdfs.leak(source, kind, SECRET)
    assert traces(given, SECRET) == [source]
    said = ""
    for command in commands(source, made):
        result = CliRunner().invoke(main, command)
        assert isinstance(result.exception, SystemExit | None)
        said += result.output
        if command[0] == "audit":
            assert result.exit_code == (1 if kind in REFUSED else 0), said
    said += "".join(capfd.readouterr())
    assert SECRET not in said
    # An accepted document is copied unchanged, and is built only after a person's decision.
    copies = [] if kind in REFUSED else list((made / "disclosures").glob("*/source.pdf"))
    assert list((made / "disclosures").rglob("*.pdf")) == copies
    assert set(traces(made, SECRET)) <= set(copies)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["box before", "redact", "white"])
def test_no_process_leaves_a_hidden_word(tmp_path: Path, kind: str) -> None:
    """As above, in processes of their own with all their temporary files."""
    given, made = tmp_path / "given", tmp_path / "made"
    given.mkdir()
    (made / "disclosures").mkdir(parents=True)
    source = given / "leak.pdf"
    pdfs.leak(source, kind, SECRET)
    for command in commands(source, made):
        result = subprocess.run(
            [sys.executable, "-m", "ingest", *command, "--workers", "1"],
            capture_output=True,
            env={"PATH": "/usr/bin:/bin", "TMPDIR": str(made), "PYTHONPATH": ":".join(sys.path)},
            cwd=made,
            check=False,
        )
        assert SECRET.encode() not in result.stdout + result.stderr
        assert b"Traceback" not in result.stderr
    assert {path.name for path in traces(made, SECRET)} <= (
        {"source.pdf"} if kind == "white" else set()
    )


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    "kind", ["white", "off page", "light", "ocr", "layer", "translucent", "hatched", "pale"]
)
def test_what_cannot_be_seen_is_not_published_though_a_decision_lets_the_document_through(
    tmp_path: Path, kind: str
) -> None:
    pdfs.leak(tmp_path / "leak.pdf", kind, SECRET)
    disclosures = tmp_path / "disclosures"
    disclosures.mkdir()
    runner = CliRunner()
    result = runner.invoke(
        main,
        ["add", str(tmp_path / "leak.pdf"), "--disclosures", str(disclosures), "--publisher", "A",
         "--source-url", "https://police.example/", "--rights", "none"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    (declared,) = disclosures.glob("*/disclosure.yml")
    text = declared.read_text("utf-8").replace("DECIDE", "seen by a person")
    declared.write_text(text + "\nredacted: true\n", "utf-8")
    path = tmp_path / "foi.db"
    result = runner.invoke(
        main, ["build", "--disclosures", str(disclosures), "--database", str(path)]
    )
    assert result.exit_code == 0, result.output
    assert SECRET.encode() not in path.read_bytes()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("select count(*) from officer_allegations").fetchone() == (4,)


def test_the_report_shows_the_place_black_and_framed(tmp_path: Path) -> None:
    drawn = pdfs.leak(tmp_path / "a.pdf", "redact", SECRET)
    report = tmp_path / "audit.html"
    result = CliRunner().invoke(main, ["audit", str(tmp_path / "a.pdf"), "--report", str(report)])
    assert result.exit_code == 1
    page = report.read_text("utf-8")
    assert "Redact annotations that were never applied" in page
    (data,) = re.findall(r"base64,([^\"]+)", page)
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    box = drawn.boxes[0]
    inner = [round(side * 2) for side in box[1:]]
    place = picture.crop((inner[0] + 2, inner[1] + 2, inner[2] - 2, inner[3] - 2))
    assert place.convert("L").getextrema() == (0, 0)
    around = picture.crop((inner[0] - 8, inner[1] - 8, inner[2] + 8, inner[3] + 8))
    assert (255, 0, 0) in {colour for _, colour in around.getcolors(100_000) or ()}
