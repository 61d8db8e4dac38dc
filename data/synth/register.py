"""Table `accounts`: the customers by name, with facts that have nothing to do with leaving."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.synth.care import csm_names
from data.synth.clock import Array
from data.synth.frames import Words, pick, table
from data.synth.population import SEGMENTS
from data.synth.world import World

_FIRST = (
    *("Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Garnet", "Harbor", "Iris", "Juniper"),
    *("Krona", "Lumen", "Maple", "North", "Opal", "Prairie", "Quartz", "River", "Slate", "Tundra"),
)
_LAST = (
    *(
        "Analytics",
        "Bakery",
        "Clinics",
        "Dental",
        "Energy",
        "Foods",
        "Glass",
        "Hotels",
        "Insurance",
    ),
    *(
        "Joinery",
        "Logistics",
        "Media",
        "Optics",
        "Paper",
        "Robotics",
        "Schools",
        "Textiles",
        "Works",
    ),
)
_INDUSTRIES = ("health", "retail", "finance", "manufacturing", "education", "logistics", "media")
_REGIONS = ("north", "south", "east", "west", "overseas")


def accounts(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """One row per account, as it was when it became a customer; `account_changes` has the rest."""
    n, csm = len(world.account_ids), csm_names(world)
    names = [f"{first} {last}" for first in _FIRST for last in _LAST]
    parent = rng.integers(0, n, n)
    child = (rng.random(n) < 0.04) & (parent != np.arange(n))
    columns: dict[str, Array | Words] = {
        "account_id": Words(np.arange(n), world.account_ids),
        "created_at": world.lives.start[:n].astype(float),
        "name": Words(rng.permutation(max(n, len(names)))[:n] % len(names), names),
        "segment": Words(world.lives.segment[:n], SEGMENTS),
        "industry": pick(_INDUSTRIES, n, rng),
        "region": pick(_REGIONS, n, rng),
        "parent_account_id": Words(np.where(child, parent, -1), world.account_ids),
        "csm": Words(np.arange(n) % len(csm), csm),
    }
    return table("accounts", world.clock, columns, rng)
