"""Which sorter tells what customers said: the best of those that are there."""

from __future__ import annotations

from data.workspace import Workspace
from features.words.signals import lexicon_of
from features.words.sorter import Sorter, by_phrases


def sorter_of(workspace: Workspace) -> Sorter:
    """What sorts the customers' words on pages, in the API and in the digest.

    Raises:
        BadInputError: a file of the firm's phrases cannot be read.
    """
    return by_phrases(lexicon_of(workspace))
