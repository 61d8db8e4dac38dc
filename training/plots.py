"""Pictures of a training, for the people who decide whether to trust it; each an SVG with alt."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from features.catalog import FAMILY_BY_NAME
from training.capacity import RANDOM
from training.evaluate import TestRows
from training.matrix import Numbers
from training.plain import ORDERS
from training.reliability import groups
from training.svg import COLOURS, drawn_svg

SHOWN = 15
WIDE = 4.7
ROW = 0.32
Report = Mapping[str, Any]
_LINES = (("first", "-"), ("second", "--"), ("third", "-."), ("fourth", (0, (4, 1, 1, 1, 1, 1))))
_OF = {"accounts": "accounts that left", "arr": "ARR that left"}


def pictured(report: Report) -> dict[str, str]:
    """The pictures, by name, that can be drawn of what stands in a training report."""
    drawn = {}
    auc = report.get("metrics", {}).get("roc_auc")
    if report.get("folds") and auc:
        drawn["folds"] = folds(report["folds"], auc)
    if report.get("baselines"):
        drawn["rivals"] = rivals(report["baselines"])
    if len(report.get("learning_curve", {}).get("points", ())) > 1:
        drawn["learning_curve"] = learning_curve(report["learning_curve"])
    for worth in _OF:
        found = report.get("capacity", {})
        if found and found["orders"][RANDOM][worth] is not None:
            drawn[f"capacity_{worth}"] = capacity(found, worth)
    if report.get("families"):
        drawn["families"] = families(report["families"])
    if report.get("journeys"):
        drawn["journeys"] = journeys(report["journeys"])
    return {name: svg for name, svg in drawn.items() if svg}


def reliability(rows: TestRows, risk: Numbers) -> str:
    """Predicted against observed churn in ten groups, on the band that chance alone would fill."""
    found = groups(rows, risk)
    inside, percent = found.inside, 100.0

    def draw(figure: Any) -> str:  # noqa: ANN401
        axes = figure.add_subplot()
        x, top = found.predicted * percent, 105 * max(found.predicted.max(), found.high.max(), 0.01)
        top = max(top, 105 * found.observed.max())
        ends = (found.low * percent, found.high * percent)
        axes.plot([0, top], [0, top], color=COLOURS["quiet"], lw=1, ls="--")
        axes.vlines(x, *ends, color=COLOURS["band"], lw=9, label="explained by chance")
        for which, marker, colour, label in (
            (inside, "o", "first", "observed, inside"),
            (~inside, "D", "second", "observed, outside"),
        ):
            if which.any():
                y = found.observed[which] * percent
                axes.plot(x[which], y, marker, color=COLOURS[colour], ms=5, label=label)
        for scale in (axes.set_xscale, axes.set_yscale):
            scale("function", functions=(lambda v: np.sqrt(np.maximum(v, 0)), np.square))
        ticks = [tick for tick in (0, 1, 2, 5, 10, 20, 30, 50, 75, 100) if tick <= top]
        axes.set(xlim=(0, top), ylim=(0, top), xticks=ticks, yticks=ticks)
        axes.set(xlabel="predicted churn, %", ylabel="observed churn, %")
        _legend(figure, axes)
        pairs = ", ".join(
            f"{p:.1%} and {o:.1%}" for p, o in zip(found.predicted, found.observed, strict=True)
        )
        return (
            f"Calibration. In {inside.sum()} of {len(inside)} groups the observed churn rate lies "
            f"where chance would put it if every risk were exactly right. Predicted and observed, "
            f"from the lowest risk to the highest: {pairs}."
        )

    return drawn_svg("reliability", (WIDE, 3.9), draw)


def folds(found: Sequence[Report], pooled: Report) -> str:
    """ROC-AUC of each fold with its interval, and of all test rows together; empty if none is."""
    rows = [(f"{f['from']} to {f['to']}", f["roc_auc"]) for f in found]
    return _forest("folds", [*rows, ("all together", pooled)], "ROC-AUC (chance is 0.5)", 0.5)


def rivals(found: Mapping[str, Report]) -> str:
    """ROC-AUC of the model less that of each rival, with intervals; empty if none is known."""
    rows = [(name, rival["difference"]["roc_auc"]) for name, rival in found.items()]
    return _forest("rivals", rows, "ROC-AUC, ours less theirs", 0)


def capacity(found: Report, worth: str) -> str:
    """Share reached by so many calls a list, a line per order; `worth`: accounts or arr.

    `found` is what `training.capacity.curves` gives, with a share to show.
    """
    calls, at = found["calls"], found["at_capacity"]
    names = [name for name in found["orders"] if name != RANDOM]

    def draw(figure: Any) -> str:  # noqa: ANN401
        axes = figure.add_subplot()
        axes.axvline(found["capacity"], color=COLOURS["quiet"], lw=1, ls=":")
        for name, (colour, dashes) in zip(names, _cycle(len(names)), strict=True):
            share = 100 * np.array(found["orders"][name][worth])
            style = {"color": COLOURS[colour], "ls": dashes, "lw": 1.8}
            axes.plot(calls, share, label=ORDERS.get(name, name), **style)
        by_lot = 100 * np.array(found["orders"][RANDOM][worth])
        axes.plot(calls, by_lot, color=COLOURS["quiet"], lw=1.2, ls=":", label="by lot")
        axes.set(xlim=(0, calls[-1]), ylim=(0, None))
        axes.set(xlabel="calls per list", ylabel=f"reached, % of {_OF[worth]}")
        _legend(figure, axes)
        shares = ", ".join(f"{ORDERS.get(name, name)} {at[name][worth]:.0%}" for name in names)
        return (
            f"Share of the {_OF[worth]} that is reached by so many calls per list. With "
            f"{found['capacity']} calls: {shares}, by lot {at[RANDOM][worth]:.0%}."
        )

    return drawn_svg(f"capacity_{worth}", (WIDE, 3.9), draw)


def learning_curve(found: Report) -> str:
    """ROC-AUC on the test against the number of churned accounts learnt from."""
    churned = [point["churned"] for point in found["points"]]
    auc = [point["roc_auc"] for point in found["points"]]
    plateau = found.get("plateau")

    def draw(figure: Any) -> str:  # noqa: ANN401
        axes = figure.add_subplot()
        axes.plot(
            churned, auc, "o-", color=COLOURS["first"], lw=1.8, label="in the last period tested"
        )
        if plateau is not None:
            style = {"color": COLOURS["second"], "lw": 1.2, "ls": "--"}
            axes.axhline(plateau, label="where it would level off", **style)
        axes.set(xlabel="churned accounts learnt from", ylabel="ROC-AUC", xlim=(0, None))
        _legend(figure, axes)
        points = ", ".join(f"{a:.3f} from {c}" for c, a in zip(churned, auc, strict=True))
        ends = f" It would level off at {plateau:.3f}." if plateau is not None else ""
        return f"ROC-AUC on the test by the number of churned accounts learnt from: {points}.{ends}"

    return drawn_svg("learning_curve", (WIDE, 3.1), draw)


def families(lost: Mapping[str, float]) -> str:
    """ROC-AUC lost when a family of features is shuffled, a bar per family, most at the top."""
    return _by_family("families", lost, "ROC-AUC lost when shuffled")


def journeys(found: Mapping[str, Sequence[Report]]) -> str:
    """A row per signal and a column per clock: the mean of both cohorts with its interval."""
    names = list(dict.fromkeys(signal["feature"] for told in found.values() for signal in told))
    signals = {(clock, s["feature"]): s for clock, told in found.items() for s in told}

    def draw(figure: Any) -> str:  # noqa: ANN401
        grid = figure.subplots(len(names), len(found), squeeze=False, sharex="col")
        for row, name in zip(grid, names, strict=True):
            for axes, clock in zip(row, found, strict=True):
                if signal := signals.get((clock, name)):
                    _journey(axes, signal)
                axes.set_title(name, fontsize=10, loc="left")
        for axes, clock in zip(grid[-1], found, strict=True):
            axes.set_xlabel(_CLOCKS[clock])
        grid[0, 0].legend()
        return " ".join(
            f"{signal['feature']}, {_CLOCKS[clock]}: {_apart(signal)}."
            for (clock, _), signal in signals.items()
        )

    return drawn_svg("journeys", (2 * WIDE, 1 + 1.7 * len(names)), draw)


_CLOCKS = {"start": "month after the start", "renewal": "month before the renewal, or the end"}
_COHORTS = {"churned": ("second", "accounts that left"), "healthy": ("first", "healthy accounts")}


def _journey(axes: Any, signal: Report) -> None:  # noqa: ANN401
    for cohort, (colour, label) in _COHORTS.items():
        part = [point for point in signal["points"] if point["cohort"] == cohort]
        month, mean, low, high = (
            [point[name] for point in part] for name in ("month", "mean", "low", "high")
        )
        axes.plot(month, mean, color=COLOURS[colour], lw=1.6, label=label)
        axes.fill_between(month, low, high, color=COLOURS[colour], alpha=0.18, lw=0)


def _apart(signal: Report) -> str:
    if signal["apart"] is None:
        return "never clearly apart"
    return f"apart from month {signal['apart']} on"


def shap_families(effects: Numbers, family: Sequence[str]) -> str:
    """Mean size of each family's contribution to the log-odds; `family` is that of each column."""
    place = {name: np.array(family) == name for name in dict.fromkeys(family)}
    sizes = {n: float(np.abs(effects[:, ours].sum(axis=1)).mean()) for n, ours in place.items()}
    return _by_family("shap_families", sizes, "mean |SHAP value|, log-odds")


def _by_family(drawing: str, lost: Mapping[str, float], label: str) -> str:
    ranked = sorted(lost, key=lambda name: -lost[name])
    labels = [FAMILY_BY_NAME[name].label if name in FAMILY_BY_NAME else name for name in ranked]
    values = [lost[name] for name in ranked]

    def draw(figure: Any) -> str:  # noqa: ANN401
        axes = figure.add_subplot()
        colours = [COLOURS["first" if value > 0 else "quiet"] for value in values]
        places = np.arange(len(values))
        axes.barh(places, values, color=colours, height=0.62)
        axes.set_yticks(places, labels)
        axes.invert_yaxis()
        axes.axvline(0, color=COLOURS["quiet"], lw=1)
        axes.set_xlabel(label)
        axes.tick_params("y", length=0)
        axes.grid(visible=False, axis="y")
        told = ", ".join(f"{la} {v:.3f}" for la, v in zip(labels, values, strict=True))
        return f"{label[:1].upper()}{label[1:]}, by family of features: {told}."

    return drawn_svg(drawing, (WIDE, 1 + ROW * len(values)), draw)


def shap_summary(effects: Numbers, X: Numbers, names: Sequence[str]) -> str:
    """The contribution of each feature to log-odds, one dot a row, the 15 largest features.

    `effects` are the model's own contributions, which SHAP's tree explainer equals.
    """
    size = np.abs(effects).mean(axis=0)
    shown = min(SHOWN, len(names))

    def draw(figure: Any) -> str:  # noqa: ANN401
        axes = figure.add_subplot()
        axes.grid(visible=False)
        _beeswarm(axes, effects, X, list(names), shown)
        axes.set_xlabel("moves the log-odds of leaving", fontsize=10)
        axes.tick_params(labelsize=10, labelcolor=COLOURS["text"], color=COLOURS["quiet"])
        axes.tick_params("y", length=0)
        for dots in axes.collections:
            dots.set_rasterized(True)
        for bar in figure.axes[1:]:
            bar.tick_params(labelsize=9)
            bar.set_ylabel("value of the feature", fontsize=9)
        top = ", ".join(f"{names[i]} {size[i]:.2f}" for i in np.argsort(-size)[:shown])
        return (
            f"What moves the risk of {len(effects)} rows, feature by feature. Mean size of the "
            f"contribution to log-odds: {top}."
        )

    return drawn_svg("shap", (5.6, 1.1 + ROW * shown), draw)


def _beeswarm(axes: Any, effects: Numbers, X: Numbers, names: list[str], shown: int) -> None:  # noqa: ANN401
    """Shap's own picture on `axes`, the same each time; its luck is global, so it is put back."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of shap's own making, about matplotlib and NaN
            import shap

            given = shap.Explanation(values=effects, data=X, feature_names=names)
            look = {"plot_size": None, "show": False, "group_remaining_features": False}
            shap.plots.beeswarm(given, ax=axes, max_display=shown, s=9, **look)
    finally:
        np.random.set_state(state)  # noqa: NPY002


def _forest(name: str, rows: Sequence[tuple[str, Report]], label: str, neutral: float) -> str:
    """A point and its interval per row, beside a line at `neutral`."""
    known = [(title, figure) for title, figure in rows if figure["value"] is not None]
    if not known:
        return ""

    def draw(figure: Any) -> str:  # noqa: ANN401
        axes = figure.add_subplot()
        axes.axvline(neutral, color=COLOURS["quiet"], lw=1, ls="--")
        for place, (title, f) in enumerate(known):
            colour = COLOURS["second" if title == "all together" else "first"]
            if f["low"] is not None and f["high"] is not None:
                axes.plot([f["low"], f["high"]], [place, place], color=colour, lw=2.2)
            axes.plot(f["value"], place, "D" if title == "all together" else "o", color=colour)
        axes.set_yticks(range(len(known)), [title for title, _ in known])
        axes.set_ylim(len(known) - 0.5, -0.5)
        axes.tick_params("y", length=0)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(label)
        return f"{label}: {'; '.join(f'{title} {_told(f)}' for title, f in known)}."

    return drawn_svg(name, (WIDE, 1 + ROW * len(known)), draw)


def _told(figure: Report) -> str:
    if figure["low"] is None or figure["high"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _cycle(count: int) -> list[Any]:
    return [_LINES[place % len(_LINES)] for place in range(count)]


def _legend(figure: Any, axes: Any) -> None:  # noqa: ANN401
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=9)
