"""The fifteen indicators of daily practice, declared."""

from __future__ import annotations

from features.indicators.indicator import Indicator

_PEOPLE = ("usage_events.contact_id",)
_TERMS = ("subscriptions",)

PRACTICE: tuple[Indicator, ...] = (
    Indicator(
        id="adoption_rate",
        name="Adoption rate",
        formula="People on record who used the product, over all people on record who have not "
        "left. Of customers that were ever seen to use it.",
        unit="%",
        better="more",
        days=28,
        sources=("contacts", *_PEOPLE),
        reference="unique active in 28 days over billable users (GitLab handbook, use case "
        "adoption); 28 days keep the number of weekdays the same",
        scale=100,
        unseen="never_observed",
    ),
    Indicator(
        id="time_to_value",
        name="Time to value",
        formula="Median days from becoming a customer to the first activation or outcome goal "
        "reached, by Kaplan and Meier: who has not got there counts as long as watched, and nobody "
        "is dropped. `numerator` counts who got there, `denominator` the cohort. Where fewer than "
        "half did, there is no median. Of one account: its own days.",
        unit="days",
        better="less",
        days=730,
        sources=("goals.achieved_at", "goals.kind"),
        reference="median of a cohort, right-censored (retentionlens.com); Kaplan and Meier 1958",
        kind="time",
        cohort=True,
    ),
    Indicator(
        id="activation_rate",
        name="Activation rate",
        formula="Accounts that reached an activation goal within `activation_days` of becoming a "
        "customer, over those whose days are over, whether they are customers still or not.",
        unit="%",
        better="more",
        days=365,
        sources=("goals.achieved_at", "goals.kind"),
        reference="immature cohorts are left out (productquant.dev)",
        scale=100,
        lag_of="activation_days",
        cohort=True,
    ),
    Indicator(
        id="usage_depth",
        name="Usage depth",
        formula="Uses by named people, over the people who used it.",
        unit="uses per active person",
        better="more",
        days=28,
        sources=_PEOPLE,
        reference="events per active user",
        unseen="never_observed",
    ),
    Indicator(
        id="engagement_score",
        name="Engagement score",
        formula="Mean of those known of four shares: workdays on which the product was used, "
        "people who used it, messages answered within `answer_days`, meetings they came to. `n` "
        "counts the shares known; of many accounts it is the mean account.",
        unit="0 to 100",
        better="more",
        days=90,
        sources=("usage_events", "interactions"),
        reference="a house score; missing shares are left out and the rest weighs more",
        scale=100,
    ),
    Indicator(
        id="interaction_quality",
        name="Interaction quality",
        formula="Messages answered within `answer_days` and meetings they came to, over all that "
        "called for it and are old enough to be judged. Our own messages and posts that ask "
        "nothing do not count.",
        unit="%",
        better="more",
        days=90,
        sources=("interactions",),
        reference="response as Staircase counts it; open threads are left out until they are due",
        scale=100,
        lag_of="answer_days",
    ),
    Indicator(
        id="onboarding_completion",
        name="Onboarding completion",
        formula="Onboarding steps done, over steps required, of accounts that began in the "
        "stretch. Steps set later than 30 days after the first belong to no plan; steps given up "
        "stay required.",
        unit="%",
        better="more",
        days=365,
        sources=("goals.achieved_at", "goals.kind"),
        reference="the plan is frozen, so that later tasks do not change the past",
        scale=100,
        cohort=True,
    ),
    Indicator(
        id="renewal_rate",
        name="Renewal rate, customers",
        formula="Customers that stayed, over those that had a contract up for renewal. A contract "
        "is up at its scheduled date, however early it is renewed; it is judged `grace_days` after "
        "that, and renewed later than that it is lost here and new business there. A date that a "
        "change halfway took over is not up twice; contracts that renew by themselves, that run "
        "for a month at most, and that were merged are never up.",
        unit="%",
        better="more",
        days=365,
        sources=("subscriptions.term_ends_at",),
        reference="renewals due by target date (Gainsight); a downgrade lowers the rate by revenue "
        "only",
        scale=100,
        lag_of="grace_days",
        cohort=True,
    ),
    Indicator(
        id="expansion_rate",
        name="Expansion revenue rate",
        formula="Monthly revenue that customers of the start added, net per customer, over theirs "
        "at the start. Price rises are not told apart: no source says which they are.",
        unit="%",
        better="more",
        days=365,
        sources=_TERMS,
        reference="expansion MRR (ChartMogul); up and down within the stretch is netted first",
        scale=100,
        lag_of="grace_days",
        version=3,
        cohort=True,
    ),
    Indicator(
        id="cross_sell_time",
        name="Cross-sell velocity",
        formula="Median days from the first contract to a second plan bought beside it (a change "
        "of plan is none), of accounts that began in the stretch, by Kaplan and Meier; who has no "
        "second plan counts as long as watched.",
        unit="days",
        better="less",
        days=1095,
        sources=("subscriptions.plan",),
        reference="days from first product to second, censored",
        kind="time",
        cohort=True,
    ),
    Indicator(
        id="nps",
        name="Net promoter score",
        formula="100 times answers of 9 and 10 less those of 0 to 6, over all; the latest answer "
        "of each person in the stretch, on the scale of 0 to 10 only. Below 10 answers the answers "
        "are shown instead.",
        unit="-100 to 100",
        better="more",
        days=365,
        sources=("surveys.score",),
        reference="Reichheld 2003; help.retently.com",
        scale=100,
        fewest=10,
    ),
    Indicator(
        id="support_sentiment",
        name="Support sentiment",
        formula="Mean rating of solved tickets, 1 to 5 brought to -1 to 1, in which a rating of 30 "
        "days ago weighs half. Without a rating it is empty, not neutral.",
        unit="-1 to 1",
        better="more",
        days=90,
        sources=("tickets.csat", "tickets.resolved_at"),
        reference="recency-weighted and inbound only, as Staircase has it",
    ),
    Indicator(
        id="risk_flags",
        name="Churn-risk indicators",
        formula="Red flags that are up, out of those that can be judged (`n`): nobody used it in "
        "28 days, use fell below half of the 8 weeks before, nobody heard in 60 days, an invoice "
        "30 days overdue, a champion or executive gone in 180 days, a detractor, an urgent ticket "
        "that waits for more than 7 days, a reference refused in a year, a competitor seen in 180 "
        "days, a pulse of 1 or 2. Of many accounts: flags per account. A count, not a risk.",
        unit="flags per account",
        better="less",
        days=90,
        sources=("accounts",),
        version=2,
        reference="insight flags that clear by themselves (Staircase)",
    ),
    Indicator(
        id="realised_roi",
        name="Realised value",
        formula="Mean over settled outcome goals of (current - baseline) / (target - baseline), "
        "held between 0 and 1; given up or overdue is 0. A goal whose target is its baseline, or "
        "that was reached without a measure, is left out. Money saved is in no source, so a return "
        "on cost cannot be given.",
        unit="%",
        better="more",
        days=365,
        sources=("goals.current", "goals.baseline", "goals.target"),
        reference="value delivered (Custify: baseline, current, target)",
        scale=100,
    ),
    Indicator(
        id="adoption_breadth",
        name="Adoption breadth",
        formula="Features used, over those that any customer of the same plan used: no source says "
        "what a plan includes. All use counts, automated use too.",
        unit="%",
        better="more",
        days=90,
        sources=("usage_events",),
        reference="distinct features used over features entitled",
        scale=100,
        unseen="never_observed",
    ),
)
