"""Each planted cause shows in its own table, after its onset and not before; look-alikes exist."""

import pandas as pd
import pytest

from data.synth.company import Company, simulate

UNTIL = pd.Timestamp("2026-01-01")
DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def company() -> Company:
    return simulate(accounts=2000, seed=11, events=700_000)


def before(company: Company, cause: str, table: str, time: str) -> pd.DataFrame:
    """Rows of the half year before the onset, of those who left for this cause."""
    rows = joined(company, cause, table)
    return rows[(rows[time] < rows["onset_at"]) & (rows[time] >= rows["onset_at"] - 180 * DAY)]


def during(company: Company, cause: str, table: str, time: str) -> pd.DataFrame:
    """Rows of the last 45 days before the decision, of those who left for this cause."""
    rows = joined(company, cause, table)
    late = rows["decided_at"] - 45 * DAY
    return rows[
        (rows[time] >= late.clip(lower=rows["onset_at"])) & (rows[time] < rows["decided_at"])
    ]


def joined(company: Company, cause: str, table: str) -> pd.DataFrame:
    truth = company.truth[company.truth["cause"] == cause]
    # Only those whose half year before the onset lies inside the period and their own time with us.
    first = company.tables["subscriptions"].groupby("account_id")["started_at"].min()
    lead = truth["onset_at"] - 180 * DAY
    truth = truth[(lead > truth["account_id"].map(first)) & (lead > pd.Timestamp("2022-12-31"))]
    assert len(truth) >= 10
    return company.tables[table].merge(truth.drop(columns="kind"), on="account_id")


def per_day(rows: pd.DataFrame, days: float) -> float:
    return len(rows) / days


def days_during(company: Company, cause: str) -> float:
    ends = joined(company, cause, "accounts")
    spans = (ends["decided_at"] - ends["onset_at"]).dt.total_seconds() / 86400
    return float(spans.clip(upper=45).sum())


def days_before(company: Company, cause: str) -> float:
    return 180.0 * len(joined(company, cause, "accounts"))


def rate_change(company: Company, cause: str, table: str, time: str) -> float:
    """How often rows come in the trouble, relative to before it."""
    late = per_day(during(company, cause, table, time), days_during(company, cause))
    early = per_day(before(company, cause, table, time), days_before(company, cause))
    return late / early


def answered_share(rows: pd.DataFrame) -> float:
    asked = rows[rows["direction"] == "outbound"]
    return float((asked["answered_at"] < asked["occurred_at"] + 14 * DAY).mean())


def test_silence_stops_the_answers_but_not_the_usage(company: Company):
    early = before(company, "silence", "interactions", "occurred_at")
    late = during(company, "silence", "interactions", "occurred_at")
    assert answered_share(early) > 0.5
    assert answered_share(late) < 0.25
    assert (late["direction"] == "inbound").mean() < 0.5 * (early["direction"] == "inbound").mean()
    assert 0.75 < rate_change(company, "silence", "usage_events", "occurred_at") < 1.3


def test_silence_leaves_surveys_and_requests_unanswered(company: Company):
    early = before(company, "silence", "surveys", "sent_at")["responded_at"].notna().mean()
    late = during(company, "silence", "surveys", "sent_at")["responded_at"].notna().mean()
    assert late < 0.4 * early
    asked = joined(company, "silence", "reference_requests")
    usual = (asked[asked["resolved_at"] < asked["onset_at"]]["outcome"] == "ignored").mean()
    asked = asked[asked["requested_at"].between(asked["onset_at"] + 30 * DAY, asked["decided_at"])]
    assert len(asked) >= 10
    assert (asked["outcome"] == "ignored").mean() > 2.5 * usual


def test_the_single_contact_vanishes_and_nobody_steps_in(company: Company):
    early = before(company, "single_contact", "interactions", "occurred_at")
    two_way = early[(early["direction"] == "inbound") | early["answered_at"].notna()]
    share = two_way.groupby("account_id")["contact_id"].value_counts(normalize=True)
    top = share.groupby("account_id").max()
    assert top.median() > 0.55
    main = share.groupby("account_id").idxmax().map(lambda pair: pair[1])
    late = during(company, "single_contact", "interactions", "occurred_at")
    came = late[late["direction"] == "inbound"]
    # Where no more than one person carried most of it, that is who is gone.
    certain = main[top > 0.5]
    seen = came[came["contact_id"].isin(certain)]
    assert len(seen) < 0.05 * len(came) + 3
    assert rate_change(company, "single_contact", "interactions", "occurred_at") < 0.9
    assert answered_share(late) < 0.6 * answered_share(early)


def test_most_single_contacts_are_recorded_as_gone_and_some_only_fell_silent(company: Company):
    rows = joined(company, "single_contact", "contacts")
    gone = (rows["left_at"] - rows["onset_at"]).abs() < pd.Timedelta(minutes=1)
    share = gone.groupby(rows["account_id"]).any().mean()
    assert 0.55 < share < 0.95


def test_disengaged_accounts_use_less_with_fewer_people_and_features(company: Company):
    assert rate_change(company, "engagement", "usage_events", "occurred_at") < 0.5
    late = during(company, "engagement", "usage_events", "occurred_at")
    rows = joined(company, "engagement", "usage_events")
    age = rows["onset_at"] - rows["occurred_at"]
    early = rows[(age > pd.Timedelta(0)) & (age <= 45 * DAY)]
    for what in ("contact_id", "feature"):
        now, then = (r.groupby("account_id")[what].nunique() for r in (late, early))
        assert now.reindex(then.index).fillna(0).mean() < 0.75 * then.mean()


def test_zombies_go_on_using_export_more_and_no_longer_speak_of_the_future(company: Company):
    assert rate_change(company, "zombie", "usage_events", "occurred_at") > 0.95
    early = before(company, "zombie", "usage_events", "occurred_at")
    late = during(company, "zombie", "usage_events", "occurred_at")
    assert (late["feature"] == "export").mean() > 2.5 * (early["feature"] == "export").mean()
    signals = joined(company, "zombie", "external_signals")
    signals = signals[signals["kind"].str.startswith("competitor")]
    seen = signals[signals["observed_at"].between(signals["onset_at"], signals["decided_at"])]
    assert seen["account_id"].nunique() > 0.4 * len(joined(company, "zombie", "accounts"))
    future = ["qbr", "roadmap", "renewal"]
    spoken = joined(company, "zombie", "interactions")
    spoken = spoken[spoken["direction"] == "inbound"]
    then = spoken[spoken["occurred_at"] < spoken["onset_at"]]["topic"].isin(future).mean()
    recent = spoken["decided_at"] - 45 * DAY
    now = spoken[spoken["occurred_at"].between(recent, spoken["decided_at"])]
    assert now["topic"].isin(future).mean() < 0.4 * then


def test_who_used_to_vouch_for_us_declines_or_withdraws(company: Company):
    rows = joined(company, "reference_decline", "reference_requests")
    early = rows[rows["resolved_at"] < rows["onset_at"]]["outcome"]
    late = rows[
        (rows["requested_at"] > rows["onset_at"] + 30 * DAY) | (rows["outcome"] == "withdrawn")
    ]
    answers = late[late["resolved_at"] < late["ended_at"]]["outcome"]
    assert (early == "accepted").mean() > 0.65
    assert (answers == "accepted").mean() < 0.2
    assert (answers == "withdrawn").sum() > 5


def test_who_cannot_pay_leaves_invoices_open_and_is_cut_off(company: Company):
    rows = joined(company, "payment", "invoices")
    late = rows[rows["issued_at"] > rows["onset_at"]]
    open_now = late[(late["due_at"] < late["decided_at"]) & late["paid_at"].isna()]
    assert open_now["account_id"].nunique() > 0.95 * rows["account_id"].nunique()
    early = rows[(rows["issued_at"] < rows["onset_at"] - 45 * DAY)]
    assert (early["paid_at"] > early["due_at"] + 20 * DAY).mean() < 0.06
    assert set(company.truth.loc[company.truth["cause"] == "payment", "kind"]) == {"involuntary"}


def test_failing_support_shows_in_urgent_slow_and_badly_rated_tickets(company: Company):
    early = before(company, "support", "tickets", "opened_at")
    late = during(company, "support", "tickets", "opened_at")
    assert rate_change(company, "support", "tickets", "opened_at") > 2
    assert (late["priority"] == "urgent").mean() > 2 * (early["priority"] == "urgent").mean()
    assert late["csat"].mean() < early["csat"].mean() - 1
    took = [(r["resolved_at"] - r["opened_at"]).median() for r in (early, late)]
    assert took[1] > 2 * took[0]


def test_acausal_leavers_show_nothing_before_they_decide(company: Company):
    truth = company.truth[company.truth["cause"] == "acausal"]
    rows = company.tables["interactions"].merge(truth, on="account_id")
    last = rows[rows["occurred_at"].between(rows["decided_at"] - 90 * DAY, rows["decided_at"])]
    older = rows[rows["occurred_at"] < rows["decided_at"] - 90 * DAY]
    assert len(truth) > 20
    assert abs(answered_share(last) - answered_share(older)) < 0.12


def test_a_merger_is_in_the_news_before_the_end(company: Company):
    truth = company.truth[company.truth["cause"] == "merged"]
    news = company.tables["external_signals"].merge(truth, on="account_id", suffixes=("", "_end"))
    news = news[(news["kind"] == "acquisition") & (news["observed_at"] < news["ended_at"])]
    assert news["account_id"].nunique() > 0.6 * len(truth)


def stayed(company: Company) -> pd.Index:
    """Accounts of more than two years that are live at the end and never left."""
    terms = company.tables["subscriptions"].groupby("account_id")
    live = terms["ended_at"].apply(lambda ended: ended.isna().any())
    loyal = ~live.index.isin(company.truth["account_id"]) & live
    return live.index[loyal & (terms["started_at"].min() < UNTIL - 730 * DAY)]


def test_some_never_answer_and_stay(company: Company):
    rows = company.tables["interactions"]
    asked = rows[rows["direction"] == "outbound"]
    share = asked["answered_at"].notna().groupby(asked["account_id"]).mean()
    assert (share[share.index.isin(stayed(company))] < 0.1).sum() >= 10


def test_some_have_one_contact_and_stay(company: Company):
    rows = company.tables["contacts"]
    people = rows[rows["left_at"].isna()].groupby("account_id").size()
    assert (people[people.index.isin(stayed(company))] == 1).sum() >= 20


def test_some_lose_their_main_contact_and_stay_because_another_steps_in(company: Company):
    rows = company.tables["contacts"]
    rows = rows[rows["account_id"].isin(stayed(company))]
    gone, came = rows[rows["left_at"].notna()], rows[["account_id", "joined_at"]]
    pairs = gone.merge(came, on="account_id", suffixes=("", "_heir"))
    soon = pairs["joined_at_heir"].between(pairs["left_at"], pairs["left_at"] + 15 * DAY)
    assert pairs.loc[soon, "account_id"].nunique() >= 30


def test_some_always_pay_late_and_stay(company: Company):
    rows = company.tables["invoices"]
    rows = rows[rows["paid_at"].notna() & rows["account_id"].isin(stayed(company))]
    late = (rows["paid_at"] > rows["due_at"] + 5 * DAY).groupby(rows["account_id"]).mean()
    assert (late > 0.8).sum() >= 20


def test_half_are_never_asked_to_vouch_for_us_and_do_not_leave_more_often(company: Company):
    asked = set(company.tables["reference_requests"]["account_id"])
    everybody = set(company.tables["accounts"]["account_id"])
    assert 0.3 < len(asked) / len(everybody) < 0.6
    left = set(company.truth["account_id"])
    never = everybody - asked
    assert len(left & never) / len(never) < len(left) / len(everybody) + 0.03


def test_some_rest_for_a_season_and_stay(company: Company):
    rows = company.tables["usage_events"]
    rows = rows[
        rows["account_id"].isin(stayed(company)) & (rows["occurred_at"] >= UNTIL - 730 * DAY)
    ]
    rows = rows.assign(month=(UNTIL - rows["occurred_at"]).dt.days // 30)
    by_month = pd.crosstab(rows["account_id"], rows["month"])
    busy = by_month[by_month.median(axis=1) > 20]
    one_year, other = busy.iloc[:, :12].min(axis=1), busy.iloc[:, 12:24].min(axis=1)
    rests = pd.concat([one_year, other], axis=1).max(axis=1) < 0.5 * busy.median(axis=1)
    assert 0.03 < rests.mean() < 0.4


def test_about_half_of_all_silences_pass_by_themselves(company: Company):
    """Silence seen in the answers of live accounts is not a sentence: many are still customers."""
    rows = company.tables["interactions"]
    asked = rows[(rows["direction"] == "outbound") & (rows["channel"] == "email")]
    quarter = asked["occurred_at"].dt.to_period("Q").rename("quarter")
    shares = asked["answered_at"].notna().groupby([asked["account_id"], quarter])
    share = shares.mean()[shares.size() >= 5].groupby("account_id")
    fell = (share.max() > 0.6) & (share.min() < 0.1)
    left = fell.index[fell].isin(company.truth["account_id"])
    assert 0.2 < left.mean() < 0.9
    assert (~left).sum() >= 10
