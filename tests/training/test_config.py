from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from data.churn import ChurnRule
from data.errors import BadInputError
from training.config import Config, load_config

SHIPPED = Path(__file__).parents[2] / "mlflow.yml"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mlflow.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_file_is_the_defaults_and_names_every_setting():
    assert load_config(SHIPPED) == Config()
    given = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    assert set(given) == set(Config.model_fields)
    for name, section in Config():
        if isinstance(section, BaseModel):
            assert set(given[name]) == set(type(section).model_fields)


def test_without_a_file_the_defaults_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config() == Config()
    written(tmp_path, "horizon_days: 60")
    assert load_config().horizon_days == 60
    assert load_config(written(tmp_path, "")) == Config()


def test_a_file_that_was_named_must_exist(tmp_path):
    with pytest.raises(BadInputError, match="no such settings file; leave out --config"):
        load_config(tmp_path / "absent.yml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("horizn_days: 60", "unknown setting 'horizn_days'; did you mean 'horizon_days'?"),
        ("num_leaves: 6", "unknown setting 'num_leaves'; did you mean 'lightgbm.num_leaves'?"),
        ("bands: {hihg: 4.0}", "unknown setting 'bands.hihg'; did you mean 'bands.high'?"),
        ("zzzz: 1", "unknown setting 'zzzz'; expected some of"),
        ("horizon_days: soon", "horizon_days: expected a whole number; got 'soon'"),
        ("horizon_days: true", "horizon_days: expected a whole number; got True"),
        ("engine: sprk", "engine: expected 'duckdb' or 'spark'; got 'sprk'"),
        ("capacity: 2.5", "capacity: expected a whole number; got 2.5"),
        ("train_share: 0.7", "train_share: expected less than or equal to 0.6; got 0.7"),
        ("lead_days: 90", "expected `lead_days` below `horizon_days`"),
        ("bands: {high: 1.5}", "expected `high` above `elevated`"),
        ("churn: yes", "churn: expected settings such as"),
        ("churn: {kind: silence, dayz: 3}", "churn: unknown setting 'dayz' for kind silence"),
        ("- a", "expected lines `setting: value`"),
        ("a: [1", "expected YAML text"),
    ],
)
def test_a_wrong_setting_is_one_line_that_says_what_to_do(tmp_path, text, message):
    path = written(tmp_path, text)
    with pytest.raises(BadInputError) as caught:
        load_config(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_settings_cannot_be_changed_once_read():
    with pytest.raises(ValidationError):
        Config().seed = 1


def test_churn_in_the_settings_overrides_the_rule_of_the_mapping(tmp_path):
    declared = ChurnRule(grace_days=10)
    assert Config().spec(declared).rule == declared
    config = load_config(written(tmp_path, "churn: {kind: silence, days: 60}"))
    spec = config.spec(declared)
    assert (spec.rule.kind, spec.rule.days, spec.rule.active_days) == ("silence", 60, 120)
