from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from training import sides
from training.backtest import walk
from training.config import Preset
from training.evaluate import Terms, TestRows
from training.rows import Rows, rows_of
from training.sides import (
    learning_curve,
    new_accounts,
    random_split,
    ranking,
    segments,
    stacked,
)
from training.split import planned

TERMS = Terms(base_rate=0.1, capacity=25, bootstrap=100, seed=0)


def plan_of(rows, recipe):
    found = planned(
        rows.take(rows.labelled).snapshots, gap_days=recipe.spec.gap_days, train_share=0.6
    )
    assert found is not None
    return found


@pytest.fixture(scope="module")
def walked(small_rows, recipe):
    return walk("classifier", small_rows, plan_of(small_rows, recipe), recipe, tuned=False)


@pytest.fixture
def listening(monkeypatch):
    """Let nobody learn: hand back what was to be learnt from and what was to be foretold."""
    heard = []

    def fitted(method, lesson, *, members, far):
        told: list[pd.DataFrame] = []
        heard.append((method, lesson, told))

        def answer(frame):
            told.append(frame)
            return expit(-frame["use"].to_numpy())

        assert (members, far) == (sides.MEMBERS, False)
        return SimpleNamespace(risk=answer)

    monkeypatch.setattr(sides, "fitted", fitted)
    return heard


def test_no_model_of_new_accounts_ever_saw_one_of_them(listening, walked, small_rows, recipe):
    figures = new_accounts(small_rows, walked, recipe, TERMS)
    assert len(listening) == sides.GROUPS * len(walked.report)
    told = []
    for number, (method, lesson, (frame,)) in enumerate(listening):
        fold = walked.report[number // sides.GROUPS]
        assert method == "classifier"
        seen, asked = set(lesson.rows.frame["account_id"]), set(frame["account_id"])
        assert asked
        assert not seen & asked
        assert lesson.rows.frame["as_of"].max() < fold.split.test[0]
        assert lesson.until == fold.split.test[0] - pd.Timedelta(days=14)
        told.append(frame)
    every = pd.concat(told)
    blocks = pd.concat([fold.labelled.frame for fold in walked.report])
    assert every.index.is_unique
    assert set(every.index) == set(blocks.index)
    y = small_rows.fate.loc[every.index, "label"]
    assert figures["roc_auc"]["value"] == pytest.approx(roc_auc_score(y, -every["use"]))


def test_an_account_is_dealt_into_the_same_group_in_every_table(
    listening, walked, small_rows, recipe
):
    new_accounts(small_rows, walked, recipe, TERMS)
    groups: dict[str, set[int]] = {}
    for number, (_, _, (frame,)) in enumerate(listening):
        for account in frame["account_id"]:
            groups.setdefault(account, set()).add(number % sides.GROUPS)
    assert {len(group) for group in groups.values()} == {1}
    sizes = np.bincount([group.pop() for group in groups.values()])
    assert sizes.min() > 0.2 * sizes.sum()


def test_a_random_split_holds_each_labelled_row_out_once(listening, small_rows, recipe):
    random_split(small_rows, "classifier", recipe, TERMS)
    assert len(listening) == sides.GROUPS
    known = small_rows.take(small_rows.labelled).frame
    told = pd.concat([frame for _, _, (frame,) in listening])
    assert told.index.is_unique
    assert set(told.index) == set(known.index)
    for _, lesson, (frame,) in listening:
        assert not set(lesson.rows.frame.index) & set(frame.index)
        assert len(lesson.judged.row) == len(known) - len(frame)


def test_a_random_split_promises_what_does_not_come(make_company, land_company, tmp_path, recipe):
    """Nothing tells who leaves, but an account is like itself a month before."""
    made = make_company(effect=0.0)
    rows = rows_of(land_company(tmp_path / "w", made), made.frame, recipe.spec)
    curious = Preset(
        n_estimators=20, num_leaves=31, min_child_samples=2, shrinkage_rows=0, num_threads=1
    )
    recipe = replace(recipe, preset=curious)
    found = walk("classifier", rows, plan_of(rows, recipe), recipe, tuned=False)
    blocks = [fold.labelled for fold in found.report]
    whole = Rows.joined(blocks)
    honest = ranking(whole.examined(whole.y), found.score(whole.frame), TERMS)["roc_auc"]["value"]
    flattering = random_split(rows, "classifier", recipe, TERMS)["roc_auc"]["low"]
    assert honest is not None
    assert flattering is not None
    assert abs(honest - 0.5) < 0.12
    assert flattering > honest + 0.03


def test_segments_are_told_with_their_rates_and_whether_they_are_enough(small_rows):
    known = small_rows.take(small_rows.labelled)
    frame = known.frame.assign(
        segment=known.frame["segment"].where(known.frame["account_id"] > "a004", "tiny")
    )
    rows = Rows(frame, known.fate)
    risk = expit(-3 - frame["use"].to_numpy())
    found = segments(rows, risk, TERMS)
    assert [segment["segment"] for segment in found] == ["small", "large", "tiny"]
    for segment in found:
        ours = (frame["segment"] == segment["segment"]).to_numpy()
        left = ours & (rows.y == 1)
        churned = frame["account_id"][left].nunique()
        assert segment["rows"] == ours.sum()
        assert (segment["churned"], segment["enough"]) == (churned, churned >= 10)
        assert segment["predicted"] == pytest.approx(risk[ours].mean())
        assert segment["observed"] == pytest.approx(rows.y[ours].mean())
        assert segment["roc_auc"]["value"] == pytest.approx(roc_auc_score(rows.y[ours], risk[ours]))
    assert [segment["enough"] for segment in found] == [True, True, False]


def test_ten_churned_accounts_are_enough_and_nine_are_not():
    frame = pd.DataFrame(
        {
            "account_id": [f"a{n}" for n in range(40)],
            "as_of": pd.Timestamp("2024-01-01"),
            "segment": ["nine"] * 20 + ["ten"] * 20,
        }
    )
    label = np.array([1.0] * 9 + [0.0] * 11 + [1.0] * 10 + [0.0] * 10)
    rows = Rows(frame, frame[["account_id"]].assign(label=label))
    found = segments(rows, np.linspace(0, 1, 40), TERMS)
    assert {s["segment"]: s["enough"] for s in found} == {"nine": False, "ten": True}


def test_a_segment_in_which_nobody_left_has_no_ranking():
    frame = pd.DataFrame(
        {"account_id": ["a", "b"], "as_of": pd.Timestamp("2024-01-01"), "segment": ["x", None]}
    )
    rows = Rows(frame, frame[["account_id"]].assign(label=0.0))
    unknown, known = segments(rows, np.array([0.1, 0.2]), TERMS)
    assert (known["segment"], known["roc_auc"]["value"], known["observed"]) == ("x", None, 0.0)
    assert (unknown["segment"], unknown["rows"], unknown["predicted"]) == ("", 1, 0.2)
    nowhere = Rows(frame.assign(segment=None), rows.fate)
    assert segments(nowhere, np.array([0.1, 0.2]), TERMS) == []
    without = Rows(frame.drop(columns="segment"), rows.fate)
    assert segments(without, np.array([0.1, 0.2]), TERMS) == []


def test_an_exact_curve_gives_its_plateau_and_what_fifty_more_would_buy():
    curve = lambda n: 0.85 - 0.9 / np.sqrt(n)
    points = [{"churned": n, "roc_auc": float(curve(n))} for n in (20, 20, 35, 60, 110)]
    found = sides._plateau(points)
    assert found["points"] == points
    assert found["plateau"] == pytest.approx(0.85, abs=1e-6)
    assert found["fifty_more"] == pytest.approx(curve(160) - curve(110), abs=1e-6)
    assert "come near 0.850" in found["sentence"]


def test_a_flat_curve_has_nothing_to_buy_and_two_points_are_no_curve():
    flat = [{"churned": n, "roc_auc": 0.7} for n in (20, 40, 80)]
    assert sides._plateau(flat)["fifty_more"] == pytest.approx(0, abs=1e-3)
    assert sides._plateau([*flat[:2], flat[0]]) == {}
    assert sides._plateau([]) == {}


def test_a_learning_curve_leaves_out_whole_accounts_and_is_judged_on_the_last_block(
    listening, walked, small_rows, recipe
):
    found = learning_curve(small_rows, walked, "classifier", recipe, seed=0)
    block = walked.report[-1].labelled
    sizes, whole = [], listening[-1][1]
    for _, lesson, (frame,) in listening:
        assert frame.index.equals(block.frame.index)
        assert lesson.until == whole.until
        kept = set(lesson.rows.frame["account_id"])
        ours = whole.rows.frame["account_id"].isin(kept)
        assert lesson.rows.frame.index.equals(whole.rows.frame.index[ours])
        sizes.append(len(kept) / whole.rows.frame["account_id"].nunique())
    shares = [share for share in sides.SHARES for _ in range(sides.REPEATS)]
    assert sizes == pytest.approx([*shares, 1.0], abs=0.005)
    counts = [lesson.churned(lesson.judged) for _, lesson, _ in listening]
    assert [point["churned"] for point in found["points"]] == counts
    expected = roc_auc_score(block.y, -block.frame["use"])
    assert all(point["roc_auc"] == pytest.approx(expected) for point in found["points"])


def test_a_learning_curve_of_a_real_method_rises_to_a_plateau(walked, small_rows, recipe):
    found = learning_curve(small_rows, walked, "classifier", recipe, seed=0)
    assert 0.7 < found["plateau"] <= 1
    assert 0 <= found["fifty_more"] < 0.1
    assert found["points"][-1]["churned"] == max(point["churned"] for point in found["points"])


def test_a_last_block_in_which_nobody_left_has_no_curve(walked, small_rows, recipe):
    last = walked.report[-1]
    stayed = replace(last, rows=last.rows.take((last.rows.fate["label"] == 0).to_numpy()))
    quiet = replace(walked, report=(*walked.report[:-1], stayed))
    assert learning_curve(small_rows, quiet, "classifier", recipe, seed=0) == {}


def test_examinations_are_put_one_behind_the_other():
    part = lambda *y: TestRows(
        y=np.array(y, dtype=float),
        account=np.array([f"a{n}" for n in range(len(y))]),
        as_of=np.array(["2024-01-01"] * len(y), dtype="datetime64[us]"),
        arr=np.arange(len(y), dtype=float),
    )
    whole = stacked([part(0, 1), part(1), part()])
    assert whole.y.tolist() == [0, 1, 1]
    assert whole.account.tolist() == ["a0", "a1", "a0"]
    assert whole.arr.tolist() == [0, 1, 0]
