from __future__ import annotations

import pytest

from data.errors import BadInputError
from features.catalog import BY_NAME, FAMILY_BY_NAME
from features.rules import Rule, load_rules

FAMILIES = (
    "engagement",
    "silence",
    "single_contact",
    "reference_decline",
    "zombie",
    "support",
    "sentiment",
    "outcomes",
    "billing",
)


@pytest.fixture
def rules_file(tmp_path):
    def write(text):
        path = tmp_path / "own.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusal(path):
    with pytest.raises(BadInputError) as caught:
        load_rules(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def entry(**changes):
    given = {"feature": "days_since_use", "points": 2, "why": "'silent'", **changes}
    inside = ", ".join(f"{key}: {value}" for key, value in given.items() if value is not None)
    return f"- {{{inside}}}"


def test_the_rules_that_come_with_forewarn_cover_every_family_that_is_a_reason_to_act():
    rules = load_rules()
    assert 25 <= len(rules) <= 35
    assert {rule.family for rule in rules} == set(FAMILIES)
    assert not any(FAMILY_BY_NAME[rule.family].context for rule in rules)
    order = [FAMILIES.index(rule.family) for rule in rules]
    assert order == sorted(order)


def test_the_rules_that_come_with_forewarn_never_go_against_the_catalog():
    for rule in load_rules():
        declared = BY_NAME[rule.feature].direction
        assert rule.sign == (declared or rule.sign)
        assert rule.points > 0
        assert rule.why.strip()


def test_the_renewal_date_is_the_loudest_rule_and_falls_into_risk():
    rules = {rule.feature: rule for rule in load_rules()}
    renewal = rules["days_to_renewal"]
    assert renewal == max(rules.values(), key=lambda rule: rule.points)
    assert (renewal.sign, renewal.start, renewal.stop) == (-1, 120, 90)


def test_late_payment_speaks_for_an_involuntary_end_too():
    marked = {rule.feature for rule in load_rules() if rule.involuntary}
    assert marked == {"days_late_365", "overdue_days"}


def test_a_rule_is_read_as_it_is_written(rules_file):
    path = rules_file(
        """
- feature: days_late_365
  points: 1.5
  why: they pay late
  from: 0
  to: 30
  cause: involuntary
- {feature: pulse, points: 4, why: "our manager worries"}
- {feature: auto_renew, points: 1, from: 1, to: 0, why: "they have to decide"}
"""
    )
    assert load_rules(path) == (
        Rule(
            feature="days_late_365",
            family="billing",
            points=1.5,
            why="they pay late",
            sign=1,
            start=0,
            stop=30,
            involuntary=True,
        ),
        Rule(feature="pulse", family="sentiment", points=4, why="our manager worries", sign=-1),
        Rule(
            feature="auto_renew",
            family="billing",
            points=1,
            why="they have to decide",
            sign=-1,
            start=1,
            stop=0,
        ),
    )


def test_an_unknown_feature_names_the_nearest(rules_file):
    assert refusal(rules_file(entry(feature="days_since_uses"))) == (
        "own.yml, rule 1: unknown feature 'days_since_uses'; did you mean 'days_since_use'?"
    )


def test_an_unknown_key_names_the_nearest(rules_file):
    assert refusal(rules_file(entry(pionts=3))) == (
        "own.yml, rule 1: unknown key 'pionts'; did you mean 'points'?"
    )


@pytest.mark.parametrize(
    "points", ["0", "-2", ".nan", ".inf", "many", "true", "null", f"1{'0' * 400}", "[1]"]
)
def test_points_must_be_a_number_above_zero(rules_file, points):
    message = refusal(rules_file(entry(points=points)))
    assert message.startswith("own.yml, rule 1 (days_since_use): expected points above 0; got ")


def test_a_rule_against_the_direction_of_its_feature_is_refused(rules_file):
    assert refusal(rules_file(entry(**{"from": 30, "to": 5}))) == (
        "own.yml, rule 1 (days_since_use): expected from and to along the direction of the "
        "catalog, more is riskier; got 30 to 5"
    )
    against = entry(feature="pulse", **{"from": 2, "to": 4})
    assert "more is safer; got 2 to 4" in refusal(rules_file(against))


def test_a_feature_without_a_direction_needs_limits(rules_file):
    message = refusal(rules_file(entry(feature="days_to_renewal")))
    assert "rule 1 (days_to_renewal): expected from and to" in message


@pytest.mark.parametrize(
    "limits",
    [{"from": 3}, {"to": 3}, {"from": 3, "to": 3}, {"from": 3, "to": "soon"}, {"from": ".nan"}],
)
def test_limits_are_two_different_numbers(rules_file, limits):
    message = refusal(rules_file(entry(**limits)))
    assert "expected from and to, two different numbers; got" in message


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (entry(feature=None), "expected feature: the name of a feature; got None"),
        (entry(feature="[pulse]"), "expected feature: the name of a feature; got ['pulse']"),
        (entry(feature="plan"), "plan is a category"),
        (entry(why=None), "expected why: a short plain reason; got None"),
        (entry(why="' '"), "expected why: a short plain reason; got ' '"),
        (entry(cause="both"), "expected cause: involuntary; got 'both'"),
        (entry(cause="null"), "expected cause: involuntary; got None"),
        ("- pulse", "expected feature, points and why; got 'pulse'"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_by_its_number(rules_file, line, said):
    message = refusal(rules_file(f"{entry(feature='pulse')}\n{line}"))
    assert message.startswith("own.yml, rule 2")
    assert said in message


def test_a_feature_has_one_rule(rules_file):
    assert refusal(rules_file(f"{entry()}\n{entry(points=3)}")) == (
        "own.yml: expected one rule per feature; got days_since_use more than once"
    )


@pytest.mark.parametrize("text", ["", "[]", "rules: 3", "just words", "- {feature: a", "\0"])
def test_a_file_without_a_list_of_rules_is_refused(rules_file, text):
    assert refusal(rules_file(text)).startswith("own.yml: expected a ")


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    assert refusal(tmp_path / "none.yml").startswith("no rules file ")
    assert "expected a YAML list of rules" in refusal(tmp_path)
    (tmp_path / "bytes.yml").write_bytes(b"\xff\xfe\xff")
    assert "expected a YAML list of rules" in refusal(tmp_path / "bytes.yml")
