"""What a team does about an account, by the family of its strongest reason."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from serving.language import Language


@cache
def plays() -> Mapping[str, str]:
    """The play for each family that is a reason to act, in English, as it is written down."""
    found: dict[str, str] = yaml.safe_load((Path(__file__).parents[1] / "plays.yml").read_text())
    return found


def play_told(play: str, language: Language) -> str:
    """A play in the reader's language; one of the firm's own as it was written."""
    for family, known in plays().items():
        if known == play:
            return language.say(f"plays.{family}")
    return play
