"""Which sorter tells what customers said: the best of those that are there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path

from data.errors import BadInputError, MissingError
from data.workspace import Workspace, quiet
from features.words.sentences import digest
from features.words.signals import lexicon_of
from features.words.sorter import NONE, Sorter, by_phrases
from serving.database import reading, transaction
from serving.words.kept import every
from training.words.by_meaning import by_meaning
from training.words.meanings import installed
from training.words.own import Own, by_own, load

_LOG = logging.getLogger("forewarn")


def sorter_of(workspace: Workspace, say: Callable[[str], None] = quiet) -> Sorter:
    """What sorts the customers' words on pages, in the API and in the digest.

    What corrections taught, where something was learnt of them and it is sure; else `untaught`. A
    file of that which cannot be read is told in the log, once, and left out. `say` hears, while it
    sorts, of what takes long.

    Raises:
        BadInputError: a file of the firm's phrases cannot be read.
        StoreError: the store is locked or away.
    """
    below = untaught(workspace, workspace.cells, say)
    own = in_use(workspace)
    return below if own is None else by_own(below, own, _spoken_of(workspace))


def untaught(workspace: Workspace, cells: Path, say: Callable[[str], None]) -> Sorter:
    """By meaning where the extra `text` is installed, else by phrases.

    What sentences meant is kept in the folder `cells`; `say` hears how many were new so far.

    Raises:
        BadInputError: a file of the firm's phrases cannot be read.
    """
    phrases = lexicon_of(workspace)
    return by_meaning(phrases, cells, say) if installed() else by_phrases(phrases)


def in_use(workspace: Workspace) -> Own | None:
    """What corrections taught; None where nothing did, or the file of it cannot be read."""
    try:
        return load(workspace.sorter)
    except BadInputError as error:
        _warn(f"{error}; until then it is sorted as before")
        return None


@cache
def _warn(said: str) -> None:
    """Once, however often a run asks."""
    _LOG.warning("%s", said)


def _spoken_of(workspace: Workspace) -> dict[str, str]:
    """The sentences that people said to speak of one of the six, by the digest of the whole."""
    try:
        engine = reading(workspace.store)
    except MissingError:  # nothing was ever published
        return {}
    with transaction(engine) as connection:
        found = [one for one in every(connection) if one.category != NONE]
    return {one.whole or digest(one.sentence): one.sentence for one in found}
