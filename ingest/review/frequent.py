"""Find tokens that are frequent in a document, in case one of them is a marker of a form that nobody foresaw."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ingest.text.redaction import CANONICAL

_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[^\w\s]+")
_PUNCTUATION = re.compile(r"""[.,;:!?()'"’‘“”&/-]{1,2}|\.{3}""")
_COMMON = frozenset(
    """a about after all also an and any are as at be because been before being but by can could did
    do does for from had has have he her him his how if in into is it its made more no not of off on one
    or other our out over own said she so some such than that the their them then there these they this
    those to under up was we were what when where which while who will with would you your""".split()  # noqa: SIM905
)
_SHARE = 0.1
"""The smallest share of the texts that a frequent token is in."""
_FEWEST = 3
_MOST = 8


def frequent_tokens(texts: Sequence[str]) -> list[tuple[str, int]]:
    """Return the tokens, other than common words, that are in at least a tenth of `texts`, with the
    number of texts, from the most frequent."""
    texts_with: Counter[str] = Counter()
    for text in texts:
        texts_with.update(set(_TOKEN.findall(text.replace(CANONICAL, " "))))
    least = max(_FEWEST, _SHARE * len(texts))
    return [
        (token, count)
        for token, count in texts_with.most_common()
        if count >= least and token.casefold() not in _COMMON and not _PUNCTUATION.fullmatch(token)
    ][:_MOST]
