"""Two pictures of a model, for the people who decide whether to trust it."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from training.matrix import Numbers

GROUPS = 10
SHOWN = 20


def calibration_plot(y: Numbers, risk: Numbers, path: Path) -> None:
    """Write a PNG: predicted against observed churn rate in ten groups of equal size.

    Bars are 95 % Wilson intervals of the observed rate; on the diagonal, ten predicted in a
    hundred are ten churned in a hundred.
    """
    from matplotlib.figure import Figure

    groups = np.array_split(np.argsort(risk, kind="stable"), min(GROUPS, len(y)))
    predicted = np.array([risk[group].mean() for group in groups])
    observed = np.array([y[group].mean() for group in groups])
    low, high = _wilson(observed, np.array([len(group) for group in groups]))
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.add_subplot()
    top = 1.05 * max(predicted.max(), high.max())
    axes.plot([0, top], [0, top], color="grey", linestyle="--", label="perfect")
    bars = np.abs(np.vstack([observed - low, high - observed]))
    axes.errorbar(predicted, observed, yerr=bars, fmt="o", capsize=3, label="tenths of the rows")
    axes.set(xlabel="predicted churn rate", ylabel="observed churn rate", title="Calibration")
    axes.legend()
    figure.savefig(path, dpi=100, backend="agg")


def shap_plot(effects: Numbers, X: Numbers, names: tuple[str, ...], path: Path) -> None:
    """Write a PNG: the contribution of each feature to log-odds, one dot a row, the 20 largest.

    `effects` are the model's own contributions, which SHAP's tree explainer equals.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of shap's own making, about matplotlib
        import shap

        rng = np.random.default_rng(0)
        shap.summary_plot(
            effects, X, feature_names=list(names), max_display=SHOWN, show=False, rng=rng
        )
        plt.savefig(path, dpi=100, bbox_inches="tight")
        plt.close("all")


def _wilson(rate: Numbers, rows: Numbers) -> tuple[Numbers, Numbers]:
    """95 % interval of a share (Wilson 1927); sensible at 0 and 1, where the usual one is not."""
    z2 = 1.96**2
    middle = (rate + z2 / (2 * rows)) / (1 + z2 / rows)
    half = np.sqrt(z2 * (rate * (1 - rate) / rows + z2 / (4 * rows**2))) / (1 + z2 / rows)
    return middle - half, middle + half
