"""Find what looks like a redaction but has no known form, so that it is never counted as words.

The rules prefer a false alarm to a miss, because an alarm costs one line in `disclosure.yml` and a miss
publishes a redacted document as a readable one. Ordinary prose raises none: "the post was later removed",
"exempt from the fee", "X (formerly Twitter)", "section 5 of the Public Order Act".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.text.exemptions import ANY_SECTION, REFERENCE
from ingest.text.redaction import KEPT, MASK, MarkerForms, collapse

Span = tuple[int, int]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LONGEST = 500
"""A bracket with more characters than this is reported at its two ends."""
_END = 60
_BRACKETS = {"[": "]", "［": "］", "【": "】", "〔": "〕", "{": "}"}
"""Brackets in which prose has no words."""
_PARENTHESES = {"(": ")", "<": ">", "（": "）", "«": "»"}
_NUMBER = re.compile(r"[1-9]|1[0-9]|(?:19|20)\d\d")
"""In brackets: a reference to a footnote, or the year of a citation."""
_TAGS = re.compile(
    r"/?(?:a|b|br|div|em|i|li|ol|p|span|strong|sub|sup|table|td|th|tr|u|ul)\b[^<>]*/?"
)

_RUNS = (
    re.compile(
        r"\*{3,}|(?<=[^\W\d_])\*+(?=[^\W\d_])|(?<=\s)\*{2}(?=\s)|(?<=[^\W_])\*{2,}(?=\s*[^\W_])"
    ),
    re.compile(r"_{2,}|(?<=[^\W_])_+(?![\w])|_(?:\s_)+"),
    # Blocks and squares; of other geometric shapes, which may be bullets, only runs.
    re.compile(
        r"[\u2580-\u259f\u25a0-\u25ab\u25ac-\u25af\u25fb-\u25fe\u2b1b\u2b1c\U0001f7e5-\U0001f7eb]+"
    ),
    re.compile(r"[\u25b0-\u25fa\u25ff\u2b1d-\u2b58•·●◦]{2,}"),
    re.compile(
        r"(?<![^\W_])[Xx×]{2,}(?![^\W_])|(?<![A-Za-wyz])[Xx]{3,}(?![A-Za-wyz])|[A-Z]?X{3,}(?![LlA-Z])"
    ),
    re.compile(r"#{3,}|~{3,}|-{4,}|[–—]{2,}|\.{6,}|…{2,}|={4,}|\?{5,}|/{3,}|\\{2,}"),
)
"""Runs of characters that stand for words."""
_TOKEN = re.compile(r"[\w*#×–—-]")
"""What belongs to the same word as a run."""

_REDACTED = r"redact(?:ed|ion|ions)"
_JOINED = re.compile(
    r"\w*(?i:redacted\w|\wredacted)\w*"
    r"|\w*(?:[a-z](?:WITHHELD|REMOVED|EXEMPT)|(?:WITHHELD|REMOVED|EXEMPT)[a-z])\w*"
)
"""A marker that a conversion joined to a word. "Unredacted" is a word."""
_PERSONAL = re.compile(
    r"\((?:(?:personal|private|sensitive|third[- ]party) (?:data|details|info|information)|names?"
    r"|surname|identity|address)\)",
    re.IGNORECASE,
)
_KEYWORDS = re.compile(
    rf"(?<![^\W_])(?:{_REDACTED}|withheld|removed|exempt(?:ed|ion|ions)?)(?![^\W_])", re.IGNORECASE
)
_WORD = re.compile(rf"{MASK}+|[^\W_]+(?:['’‐‑-][^\W_]+)*")
"""A word, or a marker in the place of one."""
_BREAK = re.compile(
    r"[\n\t;:|()<>\[\]{}«»“”\"]|\s[–—/-]+\s|[–—]|(?<=[^\W_])[.!?]+(?=\s|$)|(?:^|\s)[-*•]+(?=\s)"
)
"""What parts a fragment of text from the next."""
_HIDDEN_THINGS = _words("""name names surname surnames forename identity identities address addresses detail details info
    information data text content contents word words sentence paragraph section sections page pages line
    number numbers date dates location person persons personal sensitive private third party parties
    victim victims witness individual individuals material document documents image picture record records
    reason reasons privacy legal fully partially partly full part item""")
"""What a redaction hides, and why."""
_FILLERS = _words("""a act all an and any applied applies apply are as at be been being by disclosure dpa due eir engaged
    entirely every foi foia following for force freedom from gdpr has have here in is met mps of officer
    officer's officers on or our police protection publisher release request s sic since team that the their
    this to under unit was were which with""")
_BEFORE_REDACTED = _words("""a all already also an and any are as badly be been being both but completely entirely even fully
    get gets got had has have heavily her his if in is its lightly many most never no not now of once one
    only or other partially partly properly should some that the their then these this those un was were
    when which with without""")
"""Before "redacted" where it is a word of the sentence."""
_AFTER_REDACTED = _words("""by copies copy document documents email emails file files footage form image images material
    report reports statement statements transcript transcripts version versions""")
_REDACTORS = _words(
    "and council force had he i it mps officer officers police publisher she then they we who"
)
_NAMES = _words("name names surname surnames identity identities address addresses")
_BEFORE_NAMES = _words("at called from met named of on to told with")
_AFTER_WITHHELD = _words("""caller documents evidence from his her information items material number numbers post posts
    property records their the""")
_BEFORE_REFERENCE = _words(
    "dpa eir exempt exempted exemption exemptions foi foia gdpr redacted removed withheld"
)
_AFTER_REFERENCE = _BEFORE_REFERENCE | _words("2000 2018 act applied applies apply engaged")
_JOINS = _words(
    "and are as for freedom in information is of per personal protection data the third party to under"
)
"""Words that belong to a marker if a word for redaction follows: "of the Freedom of Information Act"."""
_HIDDEN_DATA = re.compile(r"(?:personal|third[ -]party) (?:data|information)", re.IGNORECASE)


def lookalikes(text: str, forms: MarkerForms) -> tuple[str, ...]:
    """Return what looks like a redaction in `text`, in order, but has none of `forms`."""
    text = collapse(text)
    masked = forms.mask(text)
    words = [*_keywords(masked), *_references(masked)]
    spans = _merge([*words], masked, r"[\s,.:;&/–-]*")
    spans = [_with_parentheses(masked, span) for span in spans]
    spans += [*_brackets(masked), *_tagged(masked), *_runs(masked)]
    merged = _merge(spans, masked, "")
    found = (text[start:end].strip() for start, end in merged)
    return tuple(one for one in found if one)


def _merge(spans: list[Span], text: str, between: str) -> list[Span]:
    """Return the spans in order, joined where they overlap or only `between` is between them."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and (start < merged[-1][1] or re.fullmatch(between, text[merged[-1][1] : start])):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _with_parentheses(text: str, span: Span) -> Span:
    """Return the span with the brackets around it, if there is nothing else in them."""
    start, end = span
    before = re.search(r"[(<（«\[［【〔{]\s?$", text[max(0, start - 2) : start])
    after = re.match(r"[\s.,;:]{0,2}([)>）»\]］】〕}])", text[end : end + 3])
    if before and after and (_BRACKETS | _PARENTHESES)[before[0][0]] == after[1]:
        return start - len(before[0]), end + after.end()
    return span


def _brackets(text: str) -> Iterator[Span]:
    """Yield brackets with words or without anything, and brackets without their counterpart."""
    for opening, closing in _BRACKETS.items():
        a, b = re.escape(opening), re.escape(closing)
        for match in re.finditer(rf"{a}([^{a}{b}{MASK}]*){b}", text):
            inside = match[1].strip()
            if KEPT in inside and not re.search(r"[^\W_]", inside):
                continue
            if _NUMBER.fullmatch(inside):
                continue
            if len(inside) <= _LONGEST:
                yield match.span()
            else:
                yield match.start(), _end_of_word(text, match.start() + _END)
                yield _start_of_word(text, match.end() - _END), match.end()
        for match in re.finditer(rf"{a}(?=[^{a}{b}{MASK}]*(?:[{a}{MASK}]|$))", text):
            start, end = match.start(), _end_of_word(text, match.start() + _END)
            if rest := re.match(rf"{a}[^{a}{b}{MASK}{KEPT}]*[^\W_]", text[start:end]):
                keyword = _KEYWORDS.search(rest[0])
                yield start, start + (keyword.end() if keyword else rest.end())
        for match in re.finditer(rf"(?:^|(?<=[{b}{MASK}]))[^{a}{b}{MASK}{KEPT}]*{b}", text):
            start = _start_of_word(text, max(match.start(), match.end() - _END))
            if rest := re.search(r"[^\W_].*", text[start : match.end()]):
                keywords = list(_KEYWORDS.finditer(rest[0]))
                yield start + rest.start() + (keywords[-1].start() if keywords else 0), match.end()


def _start_of_word(text: str, at: int) -> int:
    while at > 0 and re.match(r"\w\w", text[at - 1 : at + 1]):
        at -= 1
    return at


def _end_of_word(text: str, at: int) -> int:
    while at < len(text) and re.match(r"\w\w", text[at - 1 : at + 1]):
        at += 1
    return at


def _tagged(text: str) -> Iterator[Span]:
    """Yield words in angle brackets, other than HTML, and parentheses with a word for redaction in them."""
    for match in re.finditer(rf"<([^\s<>{MASK}{KEPT}][^<>{MASK}{KEPT}]{{0,{_END}}})>", text):
        if not _TAGS.fullmatch(match[1]):
            yield match.span()
    for opening, closing in _PARENTHESES.items():
        a, b = re.escape(opening), re.escape(closing)
        inside = rf"[^{a}{b}{MASK}{KEPT}]{{0,40}}"
        for match in re.finditer(rf"{a}{inside}redact{inside}{b}", text, re.IGNORECASE):
            yield match.span()
    for match in _PERSONAL.finditer(text):
        yield match.span()
    for match in _JOINED.finditer(text):
        if match.group().casefold() not in ("unredacted", "nonredacted"):
            yield match.span()


def _runs(text: str) -> Iterator[Span]:
    for pattern in _RUNS:
        spans: list[Span] = []
        for match in pattern.finditer(text):
            start, end = match.span()
            if spans and start < spans[-1][1]:
                continue
            while start > 0 and _TOKEN.match(text[start - 1]):
                start -= 1
            while end < len(text) and _TOKEN.match(text[end]):
                end += 1
            if not re.fullmatch(r"\s*\*\*?\s", text[: end + 1]):  # a footnote's mark
                spans.append((start, end))
        yield from _merge(spans, text, "[/.]?")


def _references(text: str) -> Iterator[Span]:
    """Yield references to exemptions, with the words beside them that belong to the marker."""
    for match in REFERENCE.finditer(text):
        start, end = match.span()
        while (
            start > 0 and re.match(r"[^\W_]", text[start]) and re.match(r"[^\W_]", text[start - 1])
        ):
            start -= 1
        yield _grow(text, start, end)


def _grow(text: str, start: int, end: int) -> Span:
    """Return the span with the words before and after it that belong to a marker."""
    place = start
    while match := re.search(r"([^\W_]+)[\s,.:;&/–-]{1,3}$", text[max(0, place - 40) : place]):
        word = match[1].casefold()
        if word not in _BEFORE_REFERENCE | _JOINS:
            break
        place -= len(match.group())
        if word in _BEFORE_REFERENCE:
            start = place
    place = end
    while match := re.compile(r"[\s,.:;&/–-]{1,3}([^\W_]+)").match(text, place):
        word = match[1].casefold()
        if word not in _AFTER_REFERENCE | _JOINS:
            break
        place = match.end()
        if word in _AFTER_REFERENCE or _HIDDEN_DATA.fullmatch(text, end + 1, place):
            end = place
    return start, end


def _keywords(text: str) -> Iterator[Span]:
    """Yield words for redaction that are outside a sentence, with what they say is hidden."""
    start = 0
    for match in [*_BREAK.finditer(text), None]:
        end = match.start() if match else len(text)
        if _KEYWORDS.search(text, start, end):
            yield from _in_fragment(text, start, end)
        start = match.end() if match else end


def _in_fragment(text: str, start: int, end: int) -> Iterator[Span]:
    words = list(_WORD.finditer(text, start, end))
    folded = [word.group().casefold() for word in words]
    if KEPT not in text[start:end] and words and _says_only_redacted(folded):
        yield words[0].start(), words[-1].end()
        return
    mixed = any(re.search(r"[a-z]", word.group()) for word in words)
    for at, word in enumerate(words):
        if _KEYWORDS.fullmatch(word.group()) and _is_marker(words, folded, at, mixed):
            first = at
            while first and folded[first - 1] in _NAMES | {"details", "personal"}:
                first -= 1
            if KEPT not in text[words[first].start() : word.end()]:
                yield words[first].start(), word.end()


def _says_only_redacted(words: list[str]) -> bool:
    """Return whether a fragment says that something is withheld, and nothing else."""
    others = [word for word in words if not _KEYWORDS.fullmatch(word)]
    if all(
        word in _HIDDEN_THINGS or word in _FILLERS or re.fullmatch(ANY_SECTION, word)
        for word in others
    ):
        return True
    short = len(words) <= 3 and not (_FILLERS | _REDACTORS) & set(others)
    return short and any(word != "removed" and word not in others for word in words)


def _is_marker(words: list[re.Match[str]], folded: list[str], at: int, mixed: bool) -> bool:
    """Return whether a word for redaction is in a place where a sentence would not have it."""
    word, before = words[at].group(), folded[at - 1] if at else ""
    after = folded[at + 1] if at + 1 < len(words) else ""
    lower_before = bool(at) and words[at - 1].group()[0].islower()
    if mixed and len(word) > 1 and word.isupper():
        return True
    if word[0].isupper() and mixed and lower_before:
        return True
    if folded[at].startswith("redacted"):
        return not (
            before in _BEFORE_REDACTED
            or after in _AFTER_REDACTED
            or (before in _REDACTORS and after in ("the", "his", "her", "its", "their", "parts"))
        )
    if folded[at].startswith("redaction"):
        return False
    if before in _NAMES:
        return True
    return folded[at] == "withheld" and before in _BEFORE_NAMES and after not in _AFTER_WITHHELD
