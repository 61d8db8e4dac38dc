from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pytest
from sklearn.metrics import log_loss

from training.config import Preset
from training.forest import CALENDAR, USUAL, Cohort, Forest, drawn, grow, merged, most_trees
from training.matrix import Columns, learn, matrix
from training.withheld import with_withheld

PRESET = Preset(n_estimators=12, num_threads=1)
SEED = 3


@pytest.fixture(scope="module")
def columns(known, features) -> Columns:
    return learn(known[0], features)


@pytest.fixture(scope="module")
def cohort(known, columns) -> Cohort:
    frame, y = known
    return Cohort(
        X=matrix(frame, columns), y=y, account=frame["account_id"].to_numpy(dtype=np.str_)
    )


@pytest.fixture(scope="module")
def forest(cohort, columns) -> Forest:
    return grow(cohort, columns, PRESET, seed=SEED, members=4)


def alone(cohort: Cohort, columns: Columns, *, seed: int, trees: int = 12) -> str:
    """The text of one booster, grown on all cases."""
    params = {
        "objective": "binary",
        "verbosity": -1,
        "seed": seed,
        "num_leaves": 5,
        "feature_fraction": 0.6,
        "num_threads": 1,
    }
    data = lgb.Dataset(cohort.X, cohort.y, feature_name=list(columns.names))
    return lgb.train(params, data, num_boost_round=trees).model_to_string()


def test_a_merged_forest_speaks_as_the_mean_of_its_members_and_as_each(cohort, columns):
    texts = [alone(cohort, columns, seed=seed, trees=3 + 4 * seed) for seed in range(3)]
    found = merged(texts)
    assert found.trees == (3, 7, 11)
    boosters = [lgb.Booster(model_str=text) for text in texts]
    each = np.array([booster.predict(cohort.X, raw_score=True) for booster in boosters])
    np.testing.assert_allclose(found.margins(cohort.X), each.mean(axis=0), rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.members(cohort.X), each, rtol=0, atol=1e-12)
    assert each.std(axis=0).min() > 0


def test_a_member_that_found_nothing_to_split_counts_like_any_other(cohort, columns):
    flat = Cohort(X=np.zeros_like(cohort.X), y=cohort.y, account=cohort.account)
    texts = [alone(flat, columns, seed=0), alone(cohort, columns, seed=1)]
    found = merged(texts)
    assert found.trees[0] < found.trees[1] == 12
    each = [lgb.Booster(model_str=text).predict(cohort.X, raw_score=True) for text in texts]
    assert np.ptp(each[0]) == 0
    np.testing.assert_allclose(found.members(cohort.X), each, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.margins(cohort.X), np.mean(each, axis=0), rtol=0, atol=1e-12)


def test_a_forest_of_one_member_is_that_member(cohort, columns):
    text = alone(cohort, columns, seed=0)
    plain = lgb.Booster(model_str=text).predict(cohort.X, raw_score=True)
    np.testing.assert_array_equal(merged([text]).margins(cohort.X), plain)


def test_contributions_add_up_to_the_margin(forest, cohort):
    effects, expected = forest.contributions(cohort.X)
    assert effects.shape == cohort.X.shape
    whole = effects.sum(axis=1) + expected
    np.testing.assert_allclose(whole, forest.margins(cohort.X), rtol=0, atol=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_contributions_are_those_of_the_shap_library(forest, cohort):
    import shap

    X = cohort.X[:100]
    explainer = shap.TreeExplainer(forest.booster)
    effects, expected = forest.contributions(X)
    np.testing.assert_allclose(explainer.shap_values(X), effects, rtol=0, atol=1e-9)
    assert explainer.expected_value == pytest.approx(expected)


def test_many_threads_ask_different_things_at_once_and_each_is_answered_what_it_asked(
    forest, cohort
):
    X = cohort.X[:5]
    ways = [
        lambda: forest.margins(X),
        lambda: forest.members(X),
        lambda: forest.contributions(X)[0],
        lambda: forest.member_contributions(X),
    ]
    alone = [ask() for ask in ways]

    def asked(seed: int) -> bool:
        order = np.random.default_rng(seed).integers(len(ways), size=300).tolist()
        return all(np.array_equal(ways[way](), alone[way]) for way in order)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(asked, range(4)))


def test_no_rows_have_no_margins_members_or_contributions(forest, cohort):
    nothing = cohort.X[:0]
    assert forest.margins(nothing).shape == (0,)
    assert forest.members(nothing).shape == (4, 0)
    assert forest.contributions(nothing)[0].shape == nothing.shape


@pytest.mark.parametrize("threads", [1, 2])
def test_equal_cases_give_an_equal_text_whatever_the_threads(forest, cohort, columns, threads):
    preset = PRESET.model_copy(update={"num_threads": threads})
    again = grow(cohort, columns, preset, seed=SEED, members=4)
    assert (again.text, again.trees) == (forest.text, forest.trees)


def test_another_seed_gives_another_forest(forest, cohort, columns):
    assert grow(cohort, columns, PRESET, seed=SEED + 1, members=4).text != forest.text


def test_each_member_draws_four_fifths_of_the_accounts_with_all_their_rows(cohort):
    accounts = np.unique(cohort.account)
    picks = drawn(cohort.account, seed=SEED, members=5)
    for pick in picks:
        inside = np.unique(cohort.account[pick])
        outside = np.unique(np.delete(cohort.account, pick))
        assert len(inside) == round(0.8 * len(accounts))
        assert not np.intersect1d(inside, outside).size
    assert len({tuple(pick) for pick in picks}) == 5


def test_a_single_member_draws_everything(cohort):
    (pick,) = drawn(cohort.account, seed=SEED, members=1)
    np.testing.assert_array_equal(pick, np.arange(len(cohort.y)))


@pytest.mark.parametrize("member", [0, 3])
def test_a_member_never_hears_of_the_accounts_that_it_did_not_draw(forest, cohort, columns, member):
    pick = drawn(cohort.account, seed=SEED, members=4)[member]
    unseen = np.ones(len(cohort.y), dtype=bool)
    unseen[pick] = False
    assert unseen.any()
    turned = replace(cohort, y=np.where(unseen, 1 - cohort.y, cohort.y))
    other = grow(turned, columns, PRESET, seed=SEED, members=4)
    before, after = forest.members(cohort.X), other.members(cohort.X)
    np.testing.assert_allclose(after[member], before[member], rtol=0, atol=1e-12)
    assert not np.allclose(after[1], before[1])


def test_a_draw_without_anyone_who_left_is_replaced_by_all_cases(cohort, columns):
    rare = replace(cohort, y=(cohort.account == "a001").astype(float))
    picks = drawn(cohort.account, seed=SEED, members=4)
    lacking = [m for m, pick in enumerate(picks) if not rare.y[pick].any()]
    assert lacking
    preset = PRESET.model_copy(update={"min_child_samples": 5})
    found = grow(rare, columns, preset, seed=SEED, members=4).members(cohort.X)
    left = rare.y == 1
    assert (found[:, left].mean(axis=1) > found[:, ~left].mean(axis=1)).all()


def test_no_account_gets_safer_by_using_the_product_less(forest, cohort, columns):
    steps = np.linspace(-4, 4, 60)
    for name in ("use", "use_change"):
        place = columns.names.index(name)
        sweep = np.repeat(cohort.X[:850], len(steps), axis=0)
        sweep[:, place] = np.tile(steps, 850)
        risks = forest.members(sweep).reshape(4, 850, len(steps))
        assert int((np.diff(risks, axis=2) > 0).sum()) == 0
        assert int((np.diff(forest.margins(sweep).reshape(850, -1), axis=1) > 0).sum()) == 0
        assert risks.std() > 0


def test_a_calendar_beside_the_columns_raises_the_risk_with_each_renewal(cohort, columns):
    rng = np.random.default_rng(0)
    calendar = np.column_stack(
        [rng.integers(0, 3, len(cohort.y)), rng.integers(0, 2, len(cohort.y))]
    ).astype(float)
    y = (rng.random(len(cohort.y)) < 0.1 + 0.3 * calendar[:, 1]).astype(float)
    beside = Cohort(X=np.column_stack([cohort.X, calendar]), y=y, account=cohort.account)
    found = grow(beside, columns, PRESET, seed=0, members=2)
    assert found.booster.feature_name() == [*columns.names, *CALENDAR]
    none, one, two = (beside.X.copy() for _ in range(3))
    for number, X in enumerate((none, one, two)):
        X[:, -1] = number
    risks = [found.margins(X) for X in (none, one, two)]
    assert (risks[1] > risks[0]).all()
    assert (risks[2] >= risks[1]).all()


@pytest.mark.parametrize(
    ("churned", "trees"),
    [(0, 60), (1, 60), (100, 60), (225, 90), (400, 120), (1600, 240), (2000, 240)],
)
def test_more_trees_are_tried_by_the_root_of_the_accounts_that_left_from_a_hundred_on(
    churned, trees
):
    account = np.repeat(np.arange(3000).astype(np.str_), 3)  # three snapshots each
    y = (np.arange(9000) < 3 * churned).astype(np.float64)
    assert most_trees(y, account, Preset(n_estimators=60)) == trees


@pytest.fixture(scope="module")
def many(cohort) -> Cohort:
    """Each case an account of its own, so that more than 200 accounts have left."""
    assert cohort.y.sum() > 2 * USUAL
    return replace(cohort, account=np.arange(len(cohort.y)).astype(np.str_))


def test_as_many_trees_are_kept_as_foretell_best_who_was_left_out(many, columns, monkeypatch):
    grown, least = [], 20
    train = lgb.train

    def listening(*given, **settings):
        grown.append(train(*given, **settings))
        return grown[-1]

    monkeypatch.setattr(lgb, "train", listening)
    preset = Preset(n_estimators=least, learning_rate=0.3, num_threads=1)
    found = grow(many, columns, preset, seed=SEED, members=4)
    X, y, account = with_withheld(many.X, many.y, many.account, columns, seed=SEED)
    most = most_trees(y, account, preset)
    loss = np.zeros(most + 1)
    for booster, pick in zip(grown, drawn(account, seed=SEED, members=4), strict=True):
        left = np.setdiff1d(np.arange(len(y)), pick)
        for trees in range(least, most + 1):
            risk = booster.predict(X[left], num_iteration=trees)
            loss[trees] += log_loss(y[left], risk, normalize=False)
    best = int(np.argmin(loss[least:])) + least
    assert found.trees == (best,) * 4
    assert least < best < most
    text = merged([booster.model_to_string(num_iteration=best) for booster in grown]).text
    assert found.text == text


def test_where_nothing_can_be_learnt_the_preset_is_kept(many, columns):
    by_chance = np.random.default_rng(0).permutation(many.y)
    found = grow(replace(many, y=by_chance), columns, PRESET, seed=SEED, members=4)
    assert found.trees == (PRESET.n_estimators,) * 4


def test_the_penalty_counts_rows_however_rare_leaving_is(cohort, columns, monkeypatch):
    heard = []
    train = lgb.train

    def listening(params, *arguments, **settings):
        heard.append(params["lambda_l2"])
        return train(params, *arguments, **settings)

    monkeypatch.setattr(lgb, "train", listening)
    grow(cohort, columns, PRESET, seed=0, members=1)
    share = cohort.y.mean()
    assert heard == [pytest.approx(PRESET.shrinkage_rows * share * (1 - share))]
