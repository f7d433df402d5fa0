"""Find references to exemptions: `s.40(2)`, `section 31(1)(a)`, `(b)(7)(C)`, `regulation 12(5)(e)`."""

from __future__ import annotations

import re

_PART = r"(?:\s?\(\s?[0-9A-Za-z]{1,4}\s?\))"
"""A part of a section: `(2)`, `(a)`."""
_SECTION = r"(?<![^\W_])(?<!['’])(?i:sections?|sect|secs?|ss?|§§?)[.\s]{0,2}"
_FOI = r"(?:2[1-9]|3[0-9]|4[0-4])"
"""The exemptions of the Freedom of Information Act 2000."""

_OTHER_ACTS = (
    r"(?:\s+(?i:of\s+the\s+(?!foi|freedom|data|act\b|environmental)|assault|battery|common|gbh|abh"
    r"|wounding|offen[cs]e|stop|search|notice|order|interview|assessment|strategy|terrorism|pace\b"
    r"|mha\b|mental|child|children)|\s+(?!FOI|DPA|EIR|GDPR)[A-Z]{3,4}\b)"
)
"""What follows a section of another act: `section 39 assault`, `s.5(1) POA`."""
_BEFORE_MODELS = r"(?<!(?i:galaxy)\s)(?<!(?i:samsung)\s)(?<!(?i:volvo)\s)"

PARTED = (
    rf"{_SECTION}\d{{1,3}}[A-Z]?{_PART}{{1,4}}(?!{_PART}|{_OTHER_ACTS})"
    # Joined to the word before it, as where a conversion lost a space.
    rf"|[sS]\.?\d{{1,3}}[A-Z]?(?:\(\w{{1,3}}\)){{1,4}}(?!\(\w{{1,3}}\)|{_OTHER_ACTS})"
)
"""A section with its part."""
BARE = rf"{_BEFORE_MODELS}{_SECTION}{_FOI}[A-Z]?(?![^\W_]|\s?\(|\.\d)(?!{_OTHER_ACTS})"
"""A section that is an exemption of the Freedom of Information Act, without its part."""
_SUBSECTION = r"(?:\s?\(\s?[1-9]\s?\)(?:\s?\(\s?[A-Fa-f]\s?\))?)"
UNITED_STATES = (
    # Not 12(b)(6), a rule of procedure.
    rf"(?<!\d)(?:\([bjk]\)|\b[bjk]){_SUBSECTION}"
    r"|(?<![^\W_])\(?b[1-9]\)?(?:\(?[A-Fa-f]\)?)?(?![^\W_])"
    r"|(?<![^\W_])\(?B7\(?[A-Fa-f]\)?(?![^\W_])"
    r"|(?<![^\W_])(?:(?i:exemptions?)[\s(]{0,2}|(?i:ex)\.\s?|EX-?)\(?(?:b\)?\(?)?[1-9]\)?"
    r"(?:\s?\(?[A-Fa-f]\)?)?(?![^\W_])"
    r"|(?:(?i:5\s?U\.?\s?S\.?\s?C\.?\s?))?(?:§\s?)?(?<!\d)552[ab]?(?:\s?\(\w{1,2}\)){1,4}"
)
"""An exemption of the Freedom of Information Act of the United States."""
ENVIRONMENTAL = (
    rf"(?<![^\W_])(?i:regulations?|regs?|r)[.\s]{{0,2}}1[23]{_PART}{{1,3}}(?!{_PART}|{_OTHER_ACTS})"
)
"""An exception of the Environmental Information Regulations 2004."""

REFERENCE = re.compile("|".join((PARTED, BARE, UNITED_STATES, ENVIRONMENTAL)))
"""What looks like an exemption, wherever it is."""
ANY_SECTION = rf"{_SECTION}\d{{1,3}}[A-Z]?(?![^\W_])"
NAMED = re.compile(
    "|".join((PARTED, UNITED_STATES, ENVIRONMENTAL, ANY_SECTION, r"(?<![^\W_])[Bb][1-9](?![^\W_])"))
)
"""An exemption within a marker, where any section is one."""
_BESIDE = re.compile(
    r"\W|_|\b(?i:exempt(?:ed|ion|ions)?|redact(?:ed|ion)|withheld|removed|under|per|and|of|the|act|foia?"
    r"|freedom|information|data|protection|dpa|eir|gdpr|appl(?:y|ies|ied)|engaged|personal|20(?:00|18))\b"
)
"""What may be beside an exemption without saying anything else."""


def named_in(text: str) -> str | None:
    """Return the exemptions that `text` names, as written and separated by commas, or None."""
    found = dict.fromkeys(" ".join(match.group().split()) for match in NAMED.finditer(text))
    return ", ".join(found) or None


def only_exemption(text: str) -> str | None:
    """Return the exemptions that `text` names if it says nothing else, or None."""
    rest = _BESIDE.sub("", NAMED.sub(" ", text))
    return None if rest else named_in(text)
