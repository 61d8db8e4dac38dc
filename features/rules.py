"""Expert rules: which features speak of risk and how loudly, before anything has been learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from data.errors import BadInputError, unknown
from features.catalog import BY_NAME, DIRECTIONS
from features.feature import Feature, sql_text

BUILT_IN = "rules.yml"
_KEYS = ("feature", "points", "why", "from", "to", "cause")
_INVOLUNTARY = "involuntary"
_TOO_LARGE = 1e12


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One expert rule: `points` of risk as `feature` moves from `start` to `stop`.

    `start` and `stop` are in the unit of the feature; None means the median account and the one
    that is worse off than 95 of 100. `sign` is +1 where more is riskier, -1 where less is.
    `involuntary` rules also speak for an end by failed payment.
    """

    feature: str
    family: str
    points: float
    why: str
    sign: int
    start: float | None = None
    stop: float | None = None
    involuntary: bool = False


def load_rules(path: Path | None = None) -> tuple[Rule, ...]:
    """The checked rules of a file, in its order; without a path those that come with forewarn.

    Raises:
        BadInputError: no such file, not a YAML list of rules, or a rule that names an unknown
            feature, is worth nothing, or goes against the direction of its feature.
    """
    name = path.name if path else BUILT_IN
    given = _entries(_text(path), name)
    rules = tuple(_rule(entry, f"{name}, rule {at}") for at, entry in enumerate(given, start=1))
    _once(rules, name)
    return rules


def _text(path: Path | None) -> str:
    if path is None:
        return sql_text(BUILT_IN)
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInputError(f"no rules file {path}; check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: expected a YAML list of rules; {error}") from None


def _entries(text: str, name: str) -> list[Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise BadInputError(f"{name}: expected a YAML list of rules; {reason}") from None
    if not isinstance(content, list) or not content:
        raise BadInputError(
            f"{name}: expected a list of rules, `- {{feature: ..., points: ..., why: ...}}`; "
            f"got {content!r:.60}"
        )
    return content


def _rule(given: object, where: str) -> Rule:
    if not isinstance(given, dict):
        raise BadInputError(f"{where}: expected feature, points and why; got {given!r:.60}")
    for key in given:
        if key not in _KEYS:
            raise BadInputError(f"{where}: {unknown('key', str(key), _KEYS)}")
    feature = _feature(given.get("feature"), where)
    where = f"{where} ({feature.name})"
    start, stop = _limits(given, where)
    return Rule(
        feature=feature.name,
        family=feature.family,
        points=_points(given.get("points"), where),
        why=_why(given.get("why"), where),
        sign=_sign(feature, start, stop, where),
        start=start,
        stop=stop,
        involuntary=_involuntary(given, where),
    )


def _feature(given: object, where: str) -> Feature:
    if not isinstance(given, str):
        raise BadInputError(f"{where}: expected feature: the name of a feature; got {given!r:.60}")
    if given not in BY_NAME:
        raise BadInputError(f"{where}: {unknown('feature', given, BY_NAME)}")
    feature = BY_NAME[given]
    if feature.kind != "number":
        raise BadInputError(f"{where}: expected a feature that is a number; {given} is a category")
    return feature


def _points(given: object, where: str) -> float:
    points = _number(given, f"{where}: expected points above 0")
    if points <= 0:
        raise BadInputError(f"{where}: expected points above 0; got {given}; delete the rule")
    return points


def _why(given: object, where: str) -> str:
    if not isinstance(given, str) or not given.strip():
        raise BadInputError(f"{where}: expected why: a short plain reason; got {given!r:.60}")
    return given.strip()


def _limits(given: dict[Any, Any], where: str) -> tuple[float, float] | tuple[None, None]:
    if "from" not in given and "to" not in given:
        return None, None
    expected = f"{where}: expected from and to, two different numbers"
    start = _number(given.get("from"), expected)
    stop = _number(given.get("to"), expected)
    if start == stop:
        raise BadInputError(f"{expected}; got {start:g} twice")
    return start, stop


def _sign(feature: Feature, start: float | None, stop: float | None, where: str) -> int:
    if start is None or stop is None:
        if not feature.direction:
            raise BadInputError(
                f"{where}: expected from and to, because the catalog gives the feature no "
                "direction; got neither"
            )
        return feature.direction
    sign = 1 if stop > start else -1
    if sign == -feature.direction:
        raise BadInputError(
            f"{where}: expected from and to along the direction of the catalog, "
            f"{DIRECTIONS[feature.direction]}; got {start:g} to {stop:g}"
        )
    return sign


def _involuntary(given: dict[Any, Any], where: str) -> bool:
    if "cause" in given and given["cause"] != _INVOLUNTARY:
        raise BadInputError(f"{where}: expected cause: {_INVOLUNTARY}; got {given['cause']!r:.60}")
    return "cause" in given


def _number(given: object, expected: str) -> float:
    if isinstance(given, int | float) and not isinstance(given, bool) and abs(given) < _TOO_LARGE:
        return float(given)
    raise BadInputError(f"{expected}; got {given!r:.60}")


def _once(rules: Sequence[Rule], name: str) -> None:
    names = [rule.feature for rule in rules]
    twice = sorted({feature for feature in names if names.count(feature) > 1})
    if twice:
        raise BadInputError(f"{name}: expected one rule per feature; got {twice[0]} more than once")
