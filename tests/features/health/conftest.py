"""Accounts and recipes drawn at random, for what must hold of every one."""

from __future__ import annotations

from hypothesis import strategies as st

from features.health.load import built_in
from features.health.recipe import Recipe

READ = built_in().features


def recipe(**changes: object) -> Recipe:
    """The recipe that comes with forewarn, with some of its keys replaced."""
    return Recipe.model_validate({**built_in().model_dump(), **changes})


def reweighed(weights: dict[str, float], **changes: object) -> Recipe:
    """The same recipe with other weights of its ingredients."""
    parts = built_in().model_dump()["ingredients"]
    return recipe(
        ingredients={name: {**part, "weight": weights[name]} for name, part in parts.items()},
        **changes,
    )


VALUES = st.fixed_dictionaries({name: st.none() | st.floats(-20, 120, width=32) for name in READ})
WEIGHTS = st.fixed_dictionaries(
    {name: st.sampled_from([0, 1, 7.5, 10, 20, 33.3]) for name in built_in().ingredients}
).filter(lambda given: any(given.values()))
