"""The recipe that comes with forewarn as a Markdown page, `docs/health.md`."""

from __future__ import annotations

from features.catalog import BY_NAME
from features.health.load import built_in
from features.health.recipe import Ingredient, Input, Recipe

_ABOUT = {
    "pulse": "What the customer success manager thinks.",
    "sentiment": "What the customer answers when asked.",
    "engagement": "Whether they talk to us, answer, keep their people, and pay on time.",
    "advocacy": "Whether they vouch for us when asked; who was never asked is not blamed for it.",
    "adoption": "Whether the product is used, by how many, and how broadly.",
    "outcomes": "Whether they reach what they bought the product for.",
    "support": "Whether they get help when they need it.",
}
_HEAD = """# The health score

A score of 0 to 100, higher is better, of what is known about an account. It stands beside the
risk and is no part of it: the risk was learnt from accounts that left, the score is a sum that
anybody can check. This page is written from the recipe (`features/health.yml`); the page
`/health` of the service says the same of the recipe in force.

```console
forewarn health                    # every customer, the worst first
forewarn health ACCOUNT            # where its points come from, value by value
forewarn health --as-of 2025-09-30 # as it was known then
forewarn health --backtest         # whether the score would have seen who left
```

## How it is made

- An *ingredient* is the weighted mean of its *inputs*. An input reads one feature (see
  [features.md](features.md)) and is worth 0 at its worst value or beyond, 100 at its best or
  beyond, and evenly in between.
- The score is the weighted mean of the ingredients, to a tenth of a point. The points of the
  ingredients add up to it exactly, and those of inputs to their ingredient.
- What is not known does not count, neither as bad nor as neutral: the weights of the rest grow in
  proportion. *Coverage* is the known share of the weights of the ingredients.
  {floor}
- {bands}
- {pulse}

## Of many accounts

Two means stand side by side, on the scorecard, in `/v1/scorecard` (`portfolio_health`) and in
`forewarn health`: the plain mean of the scores, in which every account counts alike, and the mean
weighted by yearly revenue, sum of score times revenue over sum of revenue. Where the second is
lower, the large accounts are in the worse health. Accounts without a score are in neither, and
their number and revenue are told apart; one that pays nothing, or of which the revenue is not
known, has no weight in the second. Pulses count as for one account.
"""
_TAIL = """## A recipe of your own

Copy `features/health.yml`, change it, and give its path as `health:` in `mlflow.yml`. Weights,
inputs, limits, floor and bands can be changed, weights, limits and bands by segment as well. A
limit against the direction of its feature is refused, and an unknown key is an error that names
the nearest known one. The next `forewarn score` publishes by it, as a batch of its own; bands
then begin afresh.

## Does it see who leaves?

`forewarn health --backtest` makes the score of every past month with what was known then, and
looks at what became of the accounts: the snapshots, cohorts and labels are those of training. It
tells

- the ROC-AUC of the score and of each ingredient, with 95 % intervals by account. Of accounts for
  which an ingredient is unknown it says nothing, so one that is seldom known ranks lower than
  where it is known;
- how often each band left beside all, and where those who left stood in the months before;
- three checks that practitioners hold a score to: the poor band leaves at least three times as
  often as all, two thirds of those who left stood below good 60 to 90 days before, and at most 80
  % are good;
- the weights that a logistic regression on the ingredients would have chosen, none below zero,
  with intervals, and how weights learnt on earlier months rank later ones. They are printed as
  lines of a recipe and never applied.

Below ten accounts that left nothing is claimed, and below seventy no weights are suggested. What
was found is kept as `health.json` beside the models, and the page `/health` shows it.

The limits and bands above were set with the synthetic company in view (`forewarn synth`); hold
them to your own past before you rely on them.

## Where it stands

On the account's page, in its line of the list, and on `/health`; over the API under
`/v1/accounts/{id}/health`, and as `health`, `health_band` and `health_coverage` in every answer
about risk; in an export under the same names. Where the band is another than it was, the one
before stands beside it: that of the batch before, or the published one where a pulse has moved it
since. A batch keeps the values that each score was made of, and the recipe, so an old score can
always be made again.
"""


def page() -> str:
    """The page, which a test compares with the file."""
    recipe = built_in()
    head = _HEAD.format(floor=_floor(recipe), bands=_bands(recipe), pulse=_pulse(recipe))
    parts = [_ingredient(name, part, recipe) for name, part in recipe.ingredients.items()]
    return "\n".join([head, "## Ingredients\n", *parts, _TAIL])


def _floor(recipe: Recipe) -> str:
    floor = recipe.floor
    return (
        f"There is no score where that is below {floor.coverage:.0%}, or where fewer than "
        f"{floor.ingredients} ingredients are known."
    )


def _bands(recipe: Recipe) -> str:
    bands = recipe.bands
    return (
        f"From {bands.good:g} on a score is *good*, from {bands.fair:g} on *fair*, both included;\n"
        "  below it is *poor*. A band changes only once the score is "
        f"{bands.margin:g} points beyond the edge, so\n  that an account does not flicker."
    )


def _pulse(recipe: Recipe) -> str:
    days = next(one.expires_days for _, one in recipe.inputs() if one.feature == "pulse")
    return (
        "A pulse that is written on the page or over the API counts from the next request on. It\n"
        f"  expires when its author said, and after {days:g} days in any case."
    )


def _ingredient(name: str, part: Ingredient, recipe: Recipe) -> str:
    lines = [f"### {name.capitalize()}, {part.weight / recipe.total:.0%}", "", _ABOUT[name], ""]
    lines += ["| input | weight | worst | best | unit | what it is |", "|---|---|---|---|---|---|"]
    return "\n".join([*lines, *map(_input, part.inputs), ""])


def _input(one: Input) -> str:
    feature = BY_NAME[one.feature]
    expires = f"; counts for {one.expires_days:g} days" if one.expires_days else ""
    cells = (
        f"`{one.feature}`",
        f"{one.weight:g}",
        f"{one.worst:g}",
        f"{one.best:g}",
        feature.unit,
        f"{feature.definition}{expires}",
    )
    return f"| {' | '.join(cells)} |"
