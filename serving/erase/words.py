"""Stored words about a person, with a neutral word in the person's place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from serving.erase.dossier import take_out
from serving.erase.whom import Whom, called, evidence

ERASED = "[erased]"
# As much of a quote as a reason shows of it, and as a dossier does.
_QUOTED = (120, 300)
_DOCUMENTS = ("explanation", "dossier")
_Pairs = dict[str, str]


class Neutral:
    """Takes a person out of texts and explanations that may speak of them."""

    def __init__(self, whom: Whom) -> None:
        self._id = whom.id
        said = {text[:length] for text in whom.said for length in (None, *_QUOTED)}
        # A bare number would be found in every figure; where it is an id, its row is known by it.
        words = {word for word in (whom.id, *whom.names, *said) if not word.isdigit()}
        longest = sorted(words, key=lambda word: (-len(word), word))
        whole = "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in longest)
        # Sentences may begin with a name, and then begin with a capital letter.
        self._words = re.compile(whole or r"(?!)", re.IGNORECASE)

    def text(self, text: str) -> str:
        """A text without the person."""
        return self._words.sub(ERASED, text)

    def columns(self, row: Mapping[str, str | None]) -> dict[str, str | None]:
        """Those of some text columns of a published risk that change, without the person.

        Explanation and dossier may be among them, in JSON.
        """
        why, known = (json.loads(row.get(name) or "{}") for name in _DOCUMENTS)
        rows: _Pairs = {}
        for item in evidence(why):
            rows |= self._row(item)
        take_out(known, self._id, ERASED)
        found = {
            name: text and self._scrubbed(text, rows)
            for name, text in row.items()
            if name not in _DOCUMENTS
        }
        for name, document in zip(_DOCUMENTS, (why, known), strict=True):
            told = self._scrubbed(document, rows)
            if document and told != json.loads(row[name] or ""):
                found[name] = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        return {name: text for name, text in found.items() if text != row[name]}

    def _row(self, item: dict[str, Any]) -> _Pairs:
        """Take the person out of a row; what was said of it, and what is said now."""
        person, what = called(item), str(item.get("what", ""))
        if not person or self._id not in (item.get("row_id"), person):
            return {}
        item["row_id"] = None
        item["args"]["person"] = ERASED
        item["what"] = what.replace(person, ERASED)
        return dict.fromkeys((what, what[:1].upper() + what[1:]), item["what"])

    def _scrubbed(self, value: Any, rows: _Pairs) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, str):
            for before, after in rows.items():
                value = value.replace(before, after)
            return self.text(value)
        if isinstance(value, dict):
            return {name: self._scrubbed(inner, rows) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._scrubbed(inner, rows) for inner in value]
        return value
