"""A feature table as a matrix of numbers, the same way for training and for scoring."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.errors import BadInputError
from features.feature import Feature

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What was learnt about the columns of a matrix: their order, directions and category codes.

    `codes` maps each value of a category to its rank by frequency in training, 0 the most common.
    A rank is split like any number, "common" against "rare": native categories of LightGBM would
    make the contributions of the SHAP library wrong. An unseen or missing value is unknown (NaN).
    `dropped` names the features left out, with the reason.
    """

    names: tuple[str, ...]
    directions: tuple[int, ...]
    families: tuple[str, ...]
    codes: dict[str, dict[str, int]]
    dropped: dict[str, str]

    def of_family(self, family: str) -> Columns:
        """Only the columns of one family."""
        ours = [place for place, name in enumerate(self.families) if name == family]
        names = tuple(self.names[place] for place in ours)
        return Columns(
            names=names,
            directions=tuple(self.directions[place] for place in ours),
            families=(family,) * len(ours),
            codes={name: codes for name, codes in self.codes.items() if name in names},
            dropped={},
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a model file."""
        return {
            "names": list(self.names),
            "directions": list(self.directions),
            "families": list(self.families),
            "codes": self.codes,
            "dropped": self.dropped,
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """The columns that `to_dict` wrote."""
        return cls(
            names=tuple(content["names"]),
            directions=tuple(content["directions"]),
            families=tuple(content["families"]),
            codes=content["codes"],
            dropped=content["dropped"],
        )


def learn(frame: pd.DataFrame, features: Sequence[Feature], *, kept: Sequence[str] = ()) -> Columns:
    """The columns that a model of these training rows can use.

    Features unknown on every row, or of one value with none unknown, are dropped and named, all but
    those to be `kept` whatever they hold.

    Raises:
        BadInputError: nothing is left.
    """
    codes = {f.name: _ranks(frame[f.name]) for f in features if f.kind == "category"}
    dropped = {
        f.name: why
        for f in features
        if f.name not in kept and (why := _useless(_number(frame, f.name, codes)))
    }
    used = [f for f in features if f.name not in dropped]
    if not used:
        raise BadInputError("features: every one is unknown or constant; land more tables")
    return Columns(
        names=tuple(f.name for f in used),
        directions=tuple(f.direction if f.kind == "number" else 0 for f in used),
        families=tuple(f.family for f in used),
        codes={f.name: codes[f.name] for f in used if f.name in codes},
        dropped=dropped,
    )


class Remembered(pd.DataFrame):
    """A feature table that a model is asked about in several ways: what it reads is made once.

    For tables of a size to be kept. Whatever is taken from it is a plain table again. Who has the
    `numbers` of the table at hand may give them, and lists of other columns.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        numbers: tuple[Numbers, Mapping[str, int]] | None = None,
        lists: Mapping[str, list[Any]] | None = None,
    ) -> None:
        super().__init__(frame)  # type: ignore[call-arg]
        object.__setattr__(self, "_made", {})
        object.__setattr__(self, "_lists", dict(lists or {}))
        if numbers is not None:
            object.__setattr__(self, "numbers", numbers)

    def listed(self, name: str) -> list[Any]:
        """The values of a column; KeyError where there is no such."""
        lists: dict[str, list[Any]] = object.__getattribute__(self, "_lists")
        if name not in lists:
            lists[name] = self[name].tolist()
        return lists[name]

    @cached_property
    def numbers(self) -> tuple[Numbers, Mapping[str, int]]:
        """Every numeric column at once, and where each stands."""
        found = self.select_dtypes("number")
        places = {name: place for place, name in enumerate(found.columns.tolist())}
        return found.to_numpy(np.float64, na_value=np.nan), places


def once(
    frame: pd.DataFrame, maker: object, part: Hashable, make: Callable[[], Numbers]
) -> Numbers:
    """What somebody makes of a table, as `part`; not to be changed where it is kept."""
    if not isinstance(frame, Remembered):
        return make()
    made: dict[tuple[int, Hashable], tuple[object, Numbers]]
    made = object.__getattribute__(frame, "_made")
    key = id(maker), part
    if key not in made:
        made[key] = maker, make()  # the maker is held, so that no other gets its id
    return made[key][1]


@lru_cache(maxsize=64)
def labels(names: tuple[str, ...]) -> pd.Index:
    """The columns of a table that is made again and again."""
    return pd.Index(names)


def matrix(frame: pd.DataFrame, columns: Columns) -> Numbers:
    """One row per row of `frame`, one column per name; NaN where unknown or not finite.

    Raises:
        BadInputError: the table lacks a feature that the model was trained on.
    """
    return once(frame, columns, "matrix", partial(_matrix, frame, columns))


def numbers(frame: pd.DataFrame, names: Sequence[str]) -> Numbers:
    """These columns of a table as numbers, NaN where unknown; KeyError where there is no such."""
    if not isinstance(frame, Remembered):
        return frame[list(names)].to_numpy(np.float64, na_value=np.nan)
    values, places = frame.numbers
    return values[:, [places[name] for name in names]]


def listed(frame: pd.DataFrame, name: str) -> list[Any]:
    """The values of a column of a table; KeyError where there is no such."""
    return frame.listed(name) if isinstance(frame, Remembered) else frame[name].tolist()


def _matrix(frame: pd.DataFrame, columns: Columns) -> Numbers:
    # The numbers all at once: column by column takes a hundred times as long for a single row.
    plain = [name for name in columns.names if name not in columns.codes]
    places = [place for place, name in enumerate(columns.names) if name not in columns.codes]
    found = np.empty((len(frame), len(columns.names)))
    try:
        found[:, places] = numbers(frame, plain)
        for name, codes in columns.codes.items():
            ranks = [codes.get(value, np.nan) for value in listed(frame, name)]
            found[:, columns.names.index(name)] = ranks
    except KeyError:
        missing = next(name for name in columns.names if name not in frame)
        raise BadInputError(
            f"features: expected {missing!r}, which the model uses; it is gone"
        ) from None
    return np.where(np.isfinite(found), found, np.nan)


def _ranks(values: pd.Series) -> dict[str, int]:
    counts = values.dropna().astype(str).value_counts()
    ordered = sorted(counts.index, key=lambda value: (-counts[value], value))
    return {value: rank for rank, value in enumerate(ordered)}


def _number(frame: pd.DataFrame, name: str, codes: dict[str, dict[str, int]]) -> Numbers:
    known = frame[name].map(codes[name]) if name in codes else frame[name]
    number = known.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(number), number, np.nan)


def _useless(number: Numbers) -> str:
    known = number[~np.isnan(number)]
    if not len(known):
        return "unknown on every training row"
    constant = len(known) == len(number) and known.min() == known.max()
    return "the same on every training row" if constant else ""
