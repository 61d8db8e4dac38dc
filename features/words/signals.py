"""Quotes as signals for the features: how many sentences of a text speak of what, and how.

Only phrases sort here, never a model, so that the same text always says the same. A text is sorted
once; what came of it is kept in the workspace under a digest of the text, without the text.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from data.engine import Statements
from data.files import atomic
from data.workspace import Workspace
from features.words.lexicon import Lexicon, lexicon
from features.words.sort import sort

# Part of the file's name: raise it when texts are sorted differently by the same phrases.
FORMAT = 3
_REMEMBERED = 4096
TABLE = "said"
COLUMNS = ("text", "language", "category", "tone", "sentences")
DISTINCT = (
    "SELECT DISTINCT text, coalesce(language, '') AS language FROM feedback WHERE text IS NOT NULL"
)
_TYPES = {"text": "str", "language": "str", "category": "str", "tone": "str", "sentences": "int32"}
Signals = tuple[tuple[str, str, int], ...]
# A text and the language that it was told to be in, empty where none was.
Said = tuple[str, str]
Row = tuple[str, str, str, str, int]


def lexicon_of(workspace: Workspace) -> Lexicon:
    """The phrases that come with forewarn and those of the firm, in `lexicon/` of its workspace.

    Raises:
        BadInputError: a file of the firm's cannot be read.
    """
    return lexicon(workspace.root / "lexicon")


def say(sql: Statements, workspace: Workspace) -> None:
    """Make the table `said`: text, language, category, tone, sentences; a row per signal of a text.

    `language` is what the source told of it, empty where it told none.

    What was sorted before is read from the workspace; what is no quote any more is forgotten.

    Raises:
        BadInputError: a file of the firm's phrases cannot be read.
    """
    phrases = lexicon_of(workspace)
    path = workspace.cells / f"words-{FORMAT}-{phrases.fingerprint}.json"
    kept = _kept(path)
    found: dict[Said, Signals] = {}
    fresh: dict[str, Signals] = {}
    for text, language in sql.run(DISTINCT):
        digest = _digest(text, language)
        # Most texts say nothing of the kind, and that too is known.
        known = kept[digest] if digest in kept else signals(text, phrases, told=language)
        found[text, language] = fresh[digest] = known
    if fresh != kept:
        _keep(path, fresh)
    rows = [(*one, *signal) for one, those in found.items() for signal in those]
    sql.table(TABLE, pd.DataFrame(rows, columns=list(COLUMNS)).astype(_TYPES))


class Sorter:
    """Sorts texts in hand, of which many are sent again; one thread at a time.

    It remembers what the last few thousand came to, under their digests and without their words.
    """

    def __init__(self, phrases: Lexicon) -> None:
        self._phrases = phrases
        self._known: dict[str, Signals] = {}

    def rows(self, texts: Iterable[Said]) -> list[Row]:
        """The rows of `said` for texts with their languages."""
        return [(*one, *signal) for one in texts for signal in self._signals(*one)]

    def _signals(self, text: str, language: str) -> Signals:
        digest = _digest(text, language)
        if digest not in self._known:
            if len(self._known) >= _REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[digest] = signals(text, self._phrases, told=language)
        return self._known[digest]


def signals(text: str, phrases: Lexicon, *, told: str | None = None) -> Signals:
    """How many sentences of a text speak of what and how: category, tone, sentences; sorted.

    `told` is the language that the source gave.
    """
    counts = Counter(pair for part in sort(text, phrases, told=told) for pair in part.tones.items())
    return tuple(sorted((category, tone, n) for (category, tone), n in counts.items()))


def _digest(text: str, language: str) -> str:
    whole = f"{language}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(whole).hexdigest()[:32]


def _kept(path: Path) -> dict[str, Signals]:
    """The signals by digest; of a file that another version or a crash left, nothing."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {digest: tuple((c, t, n) for c, t, n in those) for digest, those in told.items()}


def _keep(path: Path, fresh: dict[str, Signals]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob("words-*.json"):
        if old != path:
            old.unlink(missing_ok=True)
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(fresh, separators=(",", ":")), encoding="utf-8")
