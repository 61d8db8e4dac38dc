"""A dossier in words, in any language."""

from __future__ import annotations

from serving import events
from serving.language import Language
from serving.records import Dossier


def told(dossier: Dossier, language: Language, own: events.Own = str) -> Dossier:
    """The dossier with what each row of its timeline says, in that language.

    `own` has the last say on words in it that are neither ours nor of the data: names, mostly.
    """
    timeline = tuple(events.told(item, language, own) for item in dossier.timeline)
    return dossier.model_copy(update={"timeline": timeline})
