"""What the money and the customers' answers say, and how much of what is paid for is used."""

from __future__ import annotations

from features.indicators.indicator import Indicator

_TERMS = ("subscriptions",)
_AT_START = (
    "Of accounts that paid at the start, as known now. An account that stopped for longer than "
    "`grace_days` left, even if it came back; between two contracts that lie closer its last price "
    "goes on. Where one of several is signed that late, what was paid before and after counts. One "
    "that was merged is counted with the account it belongs to, or not at all where that is "
    "unknown."
)
_SMB = "SMSB definition: at most 100 %, cohort at the start"

MONEY: tuple[Indicator, ...] = (
    Indicator(
        id="gross_retention",
        name="Gross revenue retention",
        formula="Monthly revenue of the start that is still paid, at most what each customer paid "
        f"then, over that of the start. {_AT_START}",
        unit="%",
        better="more",
        days=365,
        sources=_TERMS,
        reference=_SMB,
        scale=100,
        lag_of="grace_days",
        version=3,
        cohort=True,
    ),
    Indicator(
        id="net_retention",
        name="Net revenue retention",
        formula="Monthly revenue of the same customers at the end, over that of the start; it can "
        "exceed 100 %. What one who came back pays counts here. "
        f"{_AT_START}",
        unit="%",
        better="more",
        days=365,
        sources=_TERMS,
        reference="start + expansion - contraction - churn over start (ChartMogul)",
        scale=100,
        lag_of="grace_days",
        version=3,
        cohort=True,
    ),
    Indicator(
        id="renewal_rate_revenue",
        name="Renewal rate, revenue",
        formula="Monthly revenue renewed, at most the price before, over that up for renewal; what "
        "is up and when it is judged is as for customers.",
        unit="%",
        better="more",
        days=365,
        sources=("subscriptions.term_ends_at",),
        reference="renewals due by target amount (Gainsight); what is above it does not count",
        scale=100,
        lag_of="grace_days",
        cohort=True,
    ),
    Indicator(
        id="mrr_churn_gross",
        name="Gross MRR churn",
        formula=f"Monthly revenue lost and reduced, over that at the start. {_AT_START}",
        unit="%",
        better="less",
        days=30,
        sources=_TERMS,
        reference="ChartMogul, gross MRR churn",
        scale=100,
        lag_of="grace_days",
        version=3,
        cohort=True,
    ),
    Indicator(
        id="mrr_churn_net",
        name="Net MRR churn",
        formula="Monthly revenue lost and reduced less that added and won back by the same "
        f"customers, over that at the start; below 0 they pay more. {_AT_START}",
        unit="%",
        better="less",
        days=30,
        sources=_TERMS,
        reference="ChartMogul, net MRR churn counts reactivation with expansion",
        scale=100,
        lag_of="grace_days",
        version=3,
        cohort=True,
    ),
    Indicator(
        id="logo_churn",
        name="Customer churn",
        formula="Customers of the start that left, of their own will or by failed payment, over "
        "customers of the start. An account left when all its contracts ended and none began "
        "within `grace_days`, which are over for all; an end without a cause counts as voluntary.",
        unit="%",
        better="less",
        days=365,
        sources=_TERMS,
        reference="ChartMogul, customer churn: all subscriptions ended",
        scale=100,
        lag_of="grace_days",
        version=2,
        cohort=True,
    ),
    Indicator(
        id="logo_churn_voluntary",
        name="Customer churn, voluntary",
        formula="The part of customer churn that left of their own will.",
        unit="%",
        better="less",
        days=365,
        sources=_TERMS,
        reference="voluntary and delinquent churn apart (Paddle)",
        scale=100,
        lag_of="grace_days",
        version=2,
        cohort=True,
    ),
    Indicator(
        id="logo_churn_involuntary",
        name="Customer churn, involuntary",
        formula="The part of customer churn that ended by failed payment.",
        unit="%",
        better="less",
        days=365,
        sources=("subscriptions.end_kind",),
        reference="voluntary and delinquent churn apart (Paddle)",
        scale=100,
        lag_of="grace_days",
        version=2,
        cohort=True,
    ),
    Indicator(
        id="logo_merged",
        name="Customers merged",
        formula="Customers of the start that were merged into another, over customers of the "
        "start. They are in the base of customer churn and never among those lost.",
        unit="%",
        better="neither",
        days=365,
        sources=("subscriptions.end_kind",),
        reference="a merger is no loss",
        scale=100,
        lag_of="grace_days",
        version=2,
        cohort=True,
    ),
    Indicator(
        id="won_and_lost",
        name="Won and lost within the stretch",
        formula="Accounts whose first contract began and whose service ended within the stretch; "
        "they are in no base of churn, so they are told apart.",
        unit="accounts",
        better="less",
        days=365,
        sources=_TERMS,
        reference="ChartMogul leaves them out of the denominator",
        kind="total",
        lag_of="grace_days",
        version=2,
        cohort=True,
    ),
    Indicator(
        id="clv",
        name="Customer lifetime value",
        formula="Mean yearly revenue times `gross_margin` (`numerator`), over yearly customer "
        "churn (`denominator`), over at most `clv_years`. Churn is shrunk, (lost + 0.5) / "
        "(customers + 1), so that none lost is not forever. Of an account: its own revenue and the "
        "churn of its segment; `n` counts the customers that the churn rests on. Never an input of "
        "the model.",
        unit="currency",
        better="more",
        days=365,
        sources=_TERMS,
        reference="ARPA times margin over churn, with a capped horizon",
        kind="lifetime",
        lag_of="grace_days",
        version=2,
        cohort=True,
    ),
    Indicator(
        id="csat",
        name="Customer satisfaction",
        formula="Answers in the two highest boxes, over all, of CSAT surveys. Scales are never "
        "mixed: the one that most answers are on speaks, and `detail` names it. Scales below 4 "
        "are left out.",
        unit="%",
        better="more",
        days=365,
        sources=("surveys.score",),
        version=2,
        reference="top-2-box",
        scale=100,
    ),
    Indicator(
        id="ces",
        name="Customer effort, found easy",
        formula="Answers that say it was easy, over all, of effort surveys: 5 to 7 of 7 (version "
        "2.0) or 1 and 2 of 5 (version 1.0, in which 1 is little effort). Versions are never "
        "mixed: the one with most answers speaks, and `detail` names it.",
        unit="%",
        better="more",
        days=365,
        sources=("surveys.score",),
        reference="share of 5 and more of 7 (help.simplesat.io); CES 1.0 has the other polarity",
        scale=100,
    ),
    Indicator(
        id="arr_at_risk",
        name="Revenue at risk",
        formula="Yearly revenue of accounts in the high band; `denominator` is that of all that "
        "have a risk. Not weighted with the risk.",
        unit="currency a year",
        better="less",
        days=1,
        sources=("accounts",),
        reference="sum over accounts in red",
        kind="total",
        unseen="no_risk",
    ),
    Indicator(
        id="dau_mau",
        name="DAU/MAU on workdays",
        formula="Mean number of people who use it on a workday, over those who used it at all.",
        unit="%",
        better="more",
        days=28,
        sources=("usage_events.contact_id",),
        reference="per account and on workdays: counted on all days it ends near 5/7",
        scale=100,
        unseen="never_observed",
    ),
    Indicator(
        id="licence_utilisation",
        name="Licence utilisation",
        formula="People who used it, over seats bought. More people than seats is more than 100 %, "
        "and stays so.",
        unit="%",
        better="more",
        days=28,
        sources=("usage_events.contact_id", "subscriptions.seats"),
        reference="active over purchased seats (GitLab handbook, use case adoption)",
        scale=100,
        unseen="never_observed",
    ),
)
