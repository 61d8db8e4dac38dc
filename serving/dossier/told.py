"""A dossier in words, in any language."""

from __future__ import annotations

from serving import events
from serving.language import Language
from serving.records import Dossier


def told(dossier: Dossier, language: Language) -> Dossier:
    """The dossier with what each row of its timeline says, in that language."""
    timeline = tuple(events.told(item, language) for item in dossier.timeline)
    return dossier.model_copy(update={"timeline": timeline})
