"""The page that says how the health score is made, and whether the past agrees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from features.health.load import built_in
from features.health.recipe import Ingredient, Recipe
from features.health.score import PULSE
from serving.access.caller import needs
from serving.access.viewer import viewer_of
from serving.health.told import ingredient, named, valued
from serving.language import Language
from serving.measures import measure
from serving.practice.health import recipe_of
from serving.published import Published
from serving.web.look import Looking
from serving.web.screen import Screen
from serving.web.sign_in import own_form
from training.health.told import Check, HealthBacktest


@dataclass(frozen=True)
class View:
    """A recipe, and what was found when it, or another one, was held to the past."""

    recipe: Recipe
    past: HealthBacktest | None
    language: Language

    @property
    def shares(self) -> Iterator[tuple[str, Ingredient, float]]:
        """Each ingredient with its name and its share of all weights, where it has any."""
        for name, part in self.recipe.ingredients.items():
            if part.weight:
                yield self.name(name), part, part.weight / self.recipe.total

    @property
    def pulse_days(self) -> str:
        """For how long a pulse counts at most; empty where none counts, or for good."""
        days = (one.expires_days for _, one in self.recipe.inputs() if one.feature == PULSE)
        found = next(days, None)
        return "" if found is None else self.days(found)

    @property
    def other(self) -> bool:
        """Whether the past was looked at with another recipe."""
        return self.past is not None and self.past.recipe != self.recipe

    def days(self, count: float) -> str:
        """A number of days in words."""
        return measure(count, "days", self.language)

    def name(self, what: str) -> str:
        """What an ingredient is called."""
        return ingredient(what, self.language)

    def input(self, feature: str) -> str:
        """What an input is called."""
        return named(feature, self.language)

    def value(self, feature: str, value: float) -> str:
        """A value of it with its unit."""
        return valued(feature, value, self.language)

    def checked(self, check: Check) -> str:
        """What a check saw; it is a number of times, or a share."""
        if check.value is None:
            return ""
        value, wanted = (self._figure(check.name, given) for given in (check.value, check.wanted))
        return self.language.say(f"health.check_{check.name}", value=value, wanted=wanted)

    def _figure(self, name: str, given: float) -> str:
        if name == "poor_leaves":
            return self.language.number(round(given, 1))
        return self.language.percent(round(100 * given))


def health_page(published: Published, models: Path, screen: Screen) -> APIRouter:
    """The page at `/health`; what was found in the past is kept in the folder `models`.

    A batch from before there were scores gets the recipe that comes with forewarn.
    """
    router = APIRouter(
        include_in_schema=False,
        default_response_class=HTMLResponse,
        dependencies=[Depends(needs("read")), Depends(viewer_of), Depends(own_form)],
    )

    @router.get("/health")
    def health(look: Looking) -> HTMLResponse:
        batch = published.batch()
        recipe = recipe_of(batch.metadata)
        view = View(recipe or built_in(), HealthBacktest.kept(models), look.language)
        return screen.show(
            "health/health.html",
            look,
            batch=batch,
            view=view,
            scored=recipe is not None,
            tab="health",
        )

    return router
