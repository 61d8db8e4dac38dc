from __future__ import annotations

import numpy as np

from training.config import Preset
from training.fit import fit, margins
from training.matrix import learn, matrix


def test_no_account_gets_safer_by_using_the_product_less(known, features):
    frame, y = known
    columns = learn(frame, features)
    X = matrix(frame, columns)
    booster = fit(X, y, columns, preset=Preset(), seed=0)
    swept = np.repeat(X[:50], 40, axis=0)
    for name in ("use", "use_change"):
        place = columns.names.index(name)
        sweep = swept.copy()
        sweep[:, place] = np.tile(np.linspace(-4, 4, 40), 50)
        risk = margins(booster, sweep).reshape(50, 40)
        assert (np.diff(risk, axis=1) <= 1e-12).all()
        assert risk.std() > 0


def test_the_same_rows_give_the_same_model(known, features):
    frame, y = known
    columns = learn(frame, features)
    X, y = matrix(frame, columns)[:300], y[:300]
    texts = {
        fit(X, y, columns, preset=Preset(num_threads=threads, n_estimators=5), seed=3)
        .model_to_string()
        .partition("parameters:")[0]
        for threads in (1, 2)
    }
    assert len(texts) == 1


def test_no_rows_have_no_margins(model):
    assert margins(model.booster, np.empty((0, len(model.features)))).shape == (0,)
