"""Two shares compared: the interval of their difference, and how many accounts it takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.optimize import brentq
from scipy.special import ndtri

LEVEL = 0.95
POWER = 0.8
_TINY = 1e-12


@dataclass(frozen=True)
class Estimate:
    """A difference of shares, -1 to 1, and the ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Arm:
    """Some accounts, and how many of them left."""

    n: int
    left: int

    @property
    def share(self) -> float:
        """The share that left; NaN of nobody."""
        return self.left / self.n if self.n else math.nan


def difference(arm: Arm, other: Arm, *, level: float = LEVEL) -> Estimate:
    """How much more of one arm left than of the other, with the interval of Miettinen-Nurminen.

    Both hold somebody. The interval inverts the score test (Miettinen & Nurminen, Statistics in
    Medicine 4, 1985, 213-226): it holds its level where arms are small and hardly anybody leaves,
    even nobody, where the usual one, estimate and standard errors, is far too short.

    >>> found = difference(Arm(40, 2), Arm(40, 9))
    >>> f"{found.value:.3f} ({found.low:.3f}, {found.high:.3f})"
    '-0.175 (-0.335, -0.026)'
    """
    value = arm.share - other.share
    bound = float(ndtri((1 + level) / 2))
    return Estimate(
        value,
        low=_root(lambda d: _score(arm, other, d) - bound, -1.0, value),
        high=_root(lambda d: _score(arm, other, d) + bound, value, 1.0),
    )


def needed(rate: float, rate_with: float, *, ratio: float = 1.0) -> tuple[int, int]:
    """How many accounts it takes, with a play and held out, to see one rate become the other.

    In four of five cases the interval of `difference`, which has two ends, then leaves out 0.
    `ratio` is how many have a play for each that is held out. Both rates lie between 0 and 1, and
    differ. The interval inverts a score test, so the variance is that of one pooled rate where
    there is no difference, and of each arm where there is: the usual formula, two-sided and without
    a correction for continuity (Fleiss, Tytun & Ury, Biometrics 36, 1980, 343-346).

    >>> needed(0.20, 0.12)
    (329, 329)
    """
    pooled = (ratio * rate_with + rate) / (ratio + 1)
    none = pooled * (1 - pooled) * (1 + 1 / ratio)
    some = rate * (1 - rate) + rate_with * (1 - rate_with) / ratio
    reach = float(ndtri((1 + LEVEL) / 2)) * math.sqrt(none) + float(ndtri(POWER)) * math.sqrt(some)
    held_out = (reach / (rate - rate_with)) ** 2
    return math.ceil(round(ratio * held_out, 6)), math.ceil(round(held_out, 6))


def _score(arm: Arm, other: Arm, delta: float) -> float:
    """How many standard errors the arms are from differing by `delta`."""
    p, q = _restricted(arm, other, delta)
    n = arm.n + other.n
    variance = (p * (1 - p) / arm.n + q * (1 - q) / other.n) * n / (n - 1)
    gap = arm.share - other.share - delta
    # Where both rates are certain, any gap is too wide; a root is sought, so none is infinite.
    return gap / math.sqrt(max(variance, _TINY)) if gap else 0.0


def _restricted(arm: Arm, other: Arm, delta: float) -> tuple[float, float]:
    """The likeliest two rates that differ by exactly `delta`: a root of a cubic, in closed form."""
    n = arm.n + other.n
    a = n
    b = (arm.n + 2 * other.n) * delta - n - (arm.left + other.left)
    c = (other.n * delta - n - 2 * other.left) * delta + arm.left + other.left
    d = other.left * delta * (1 - delta)
    v = (b / (3 * a)) ** 3 - b * c / (6 * a**2) + d / (2 * a)
    u = math.copysign(math.sqrt(max((b / (3 * a)) ** 2 - c / (3 * a), 0.0)), v)
    turn = v / u**3 if u else 0.0
    w = (math.pi + math.acos(min(max(turn, -1.0), 1.0))) / 3
    q = min(max(2 * u * math.cos(w) - b / (3 * a), 0.0, -delta), 1.0, 1.0 - delta)
    return min(max(q + delta, 0.0), 1.0), q


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function is 0; where there is no room, the end that both are."""
    return float(brentq(function, low, high, xtol=1e-10)) if low < high else low
