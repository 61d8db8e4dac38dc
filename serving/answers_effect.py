"""What the API answers of whether plays made a difference: flat, and as it was found last."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel

from serving.language import Language
from serving.plays.effect_plain import Plain
from serving.plays.effect_told import sentences
from serving.records import Probability


class PlaysCompared(BaseModel):
    """Whether plays made a difference, in a word, in sentences, and in figures.

    The verdict is randomised, observational or not_enough_data. Only the first may be taken for
    what plays did. `difference` is that of the shares that left, with and without plays, -1 to 1,
    and is left out where there is not enough to tell.
    """

    verdict: str
    sentences: list[str]
    follow_up_days: int
    data_until: date
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    offered_count: int
    offered_left: int
    held_out_count: int
    held_out_left: int
    override_count: int
    chosen_share: Probability | None = None
    alike_share: Probability | None = None
    unsure_by: float | None = None
    waiting_count: int
    notice_count: int
    needed_offered: int
    needed_held_out: int

    @classmethod
    def of(cls, told: Plain, language: Language) -> PlaysCompared:
        """That of what was kept."""
        drawn, seen = told["drawn"], told.get("observed", {})
        same = {name: value for name, value in told.items() if name in cls.model_fields}
        expected = seen.get("expected_share")
        return cls.model_validate(
            {
                **same,
                "sentences": sentences(told, language),
                "offered_count": drawn["with"],
                "offered_left": drawn["with_left"],
                "held_out_count": drawn["without"],
                "held_out_left": drawn["without_left"],
                "override_count": drawn["overrides"],
                "chosen_share": seen.get("with_share"),
                # A share that is worked out may come to lie just outside of what shares can be.
                "alike_share": None if expected is None else min(max(expected, 0.0), 1.0),
                "unsure_by": seen.get("unsure_by"),
                "waiting_count": told["waiting"],
                "notice_count": told["notice"],
                "needed_offered": told["needed"]["offered"],
                "needed_held_out": told["needed"]["held_out"],
            }
        )
