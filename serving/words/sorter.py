"""Which sorter tells what customers said: the best of those that are there."""

from __future__ import annotations

from data.workspace import Workspace
from features.words.signals import lexicon_of
from features.words.sorter import Sorter, by_phrases
from training.words.by_meaning import by_meaning
from training.words.meanings import installed


def sorter_of(workspace: Workspace) -> Sorter:
    """What sorts the customers' words on pages, in the API and in the digest.

    By meaning where the extra `text` is installed, else by phrases.

    Raises:
        BadInputError: a file of the firm's phrases cannot be read.
    """
    phrases = lexicon_of(workspace)
    return by_meaning(phrases, workspace.cells) if installed() else by_phrases(phrases)
