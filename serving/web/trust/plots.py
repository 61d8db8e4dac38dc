"""The plots of the model page, each from figures that its training kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from serving.language import Language
from serving.measures import percent
from serving.web.trust.plot import Axis, Plot, steps
from training.capacity import RANDOM
from training.plain import BY_RISK, BY_WORTH

Report = Mapping[str, Any]
# How the model orders calls, then the orders that one could have without it.
ORDERS = (BY_WORTH, BY_RISK, "ARR only", "days to renewal", RANDOM)
_SHARES = (0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1)
_FAR = 3.0
_APART = 0.08


def calibration(groups: Sequence[Report], language: Language) -> Markup:
    """Predicted against observed churn in groups, on what chance alone would show."""
    most = max(max(g["predicted"], g["observed"], g["high"]) for g in groups) or 0.01
    top = min(1.05 * most, 1.0)
    ticks = [(share, percent(share, language)) for share in _spread(top)]
    x = Axis(low=0, high=top, ticks=ticks, title=language.say("model.axis_predicted"), bent=True)
    y = Axis(low=0, high=top, ticks=ticks, title=language.say("model.axis_observed"), bent=True)
    plot = Plot(x, y, height=270)
    plot.line([(0, 0), (top, top)], "ideal")
    for group in groups:
        plot.bar(group["predicted"], group["low"], group["high"], "chance")
    for group in groups:
        kind = "inside" if inside(group) else "outside"
        plot.dot(group["predicted"], group["observed"], kind)
    return plot.svg(agreed(groups, language))


def _spread(top: float) -> list[float]:
    """Shares to write at a bent axis, those left out that would stand too close to another."""
    shown: list[float] = []
    for share in _SHARES:
        if share <= top and (not shown or (share**0.5 - shown[-1] ** 0.5) / top**0.5 >= _APART):
            shown.append(share)
    return shown


def inside(group: Report) -> bool:
    """Whether chance alone explains the churn that was observed in a group."""
    return bool(group["low"] <= group["observed"] <= group["high"])


def agreed(groups: Sequence[Report], language: Language) -> str:
    """In how many groups it does, as a sentence."""
    few, all_ = language.number(sum(map(inside, groups))), language.number(len(groups))
    return language.say("model.calibration_alt", few=few, all=all_)


def reach(found: Report, worth: str, language: Language) -> Markup | None:
    """What so many calls reach, a line an order; `worth`: accounts or arr. None if unknown."""
    orders = {name: found["orders"][name][worth] for name in ORDERS if name in found["orders"]}
    if not orders or any(shares is None for shares in orders.values()):
        return None
    calls = found["calls"]
    top = max(max(shares) for shares in orders.values()) or 1.0
    x = Axis(
        low=0,
        high=calls[-1] or 1,
        ticks=[(tick, language.number(tick)) for tick in steps(0, calls[-1] or 1)],
        title=language.say("model.axis_calls"),
    )
    shares = [(tick, percent(tick, language)) for tick in steps(0, top)]
    y = Axis(low=0, high=top, ticks=shares, title=language.say(f"model.axis_{worth}"))
    plot = Plot(x, y)
    plot.upright(found["capacity"], "capacity")
    for name in reversed(orders):
        plot.line(list(zip(calls, orders[name], strict=True)), order_class(name))
    told = [
        language.say(
            "model.order_share",
            order=language.say(order_key(name)),
            share=percent(found["at_capacity"][name][worth], language),
        )
        for name in orders
    ]
    said = language.say(
        "model.reach_alt",
        what=language.say(f"model.axis_{worth}"),
        calls=language.number(found["capacity"]),
        shares=language.listed(told),
    )
    return plot.svg(said)


def order_class(name: str) -> str:
    """The class of the line of an order of calls."""
    return f"order-{ORDERS.index(name) + 1}"


def order_key(name: str) -> str:
    """What an order of calls is called."""
    return f"model.order_{ORDERS.index(name) + 1}"


@dataclass(frozen=True, kw_only=True)
class Course:
    """How one signal went in both cohorts: a plot, and from which month on they lie `apart`.

    `cut` tells whether some of it lies beyond the plot, where it is drawn at its edge.
    """

    name: str
    plot: Markup
    apart: int | None
    cut: bool


def course(signal: Report, language: Language) -> Course:
    """The mean of a signal month by month, for who left and who stayed, with intervals."""
    points = signal["points"]
    low, high, cut = _span(points)
    months = sorted({point["month"] for point in points})
    shown = [month for month in months if month % 3 == 0]
    x = Axis(
        low=months[0],
        high=months[-1],
        ticks=[(month, language.number(month)) for month in shown],
    )
    y = Axis(
        low=low,
        high=high,
        ticks=[(tick, _tick(tick, signal["unit"], language)) for tick in steps(low, high, 3)],
    )
    plot = Plot(x, y, width=280, height=160)
    for cohort in ("healthy", "churned"):
        part = [point for point in points if point["cohort"] == cohort]
        ends = [[(point["month"], point[end]) for point in part] for end in ("low", "high")]
        plot.area(ends[0], ends[1], cohort)
        plot.line([(point["month"], point["mean"]) for point in part], cohort)
    name = _name(signal, language)
    apart = signal["apart"]
    said = language.say("model.course_alt", sign=name, said=_apart(apart, language))
    return Course(name=name, plot=plot.svg(said), apart=apart, cut=cut)


def _apart(month: int | None, language: Language) -> str:
    if month is None:
        return language.say("model.never_apart")
    return language.say("model.apart", month=language.number(month))


def _name(signal: Report, language: Language) -> str:
    known = f"model.signal_{signal['feature']}"
    try:
        return language.say(known)
    except KeyError:  # one that a newer or older forewarn looks at
        return str(signal["feature"]).replace("_", " ")


def _span(points: Iterable[Report]) -> tuple[float, float, bool]:
    """From where to where a plot goes, and whether some of it lies beyond.

    A quotient of small numbers can be forty where all others are two: those would be one flat line.
    """
    told = list(points)
    means = sorted(abs(point["mean"]) for point in told)
    usual = means[len(means) // 2]
    high = max(point["high"] for point in told)
    low = min(point["low"] for point in told)
    if min(point["mean"] for point in told) >= 0 and means[-1] > _FAR * usual > 0:
        return max(low, 0.0), _FAR * usual, True
    return (low, high, False) if high > low else (low, low + 1, False)


def _tick(value: float, unit: str, language: Language) -> str:
    if unit in ("share", "share points"):
        return language.percent(round(100 * value))
    return language.number(value)
