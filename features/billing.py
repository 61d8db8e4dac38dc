"""How the account pays, what it pays, and when its term ends."""

from __future__ import annotations

from features.feature import Declarer, Family, sql_text

_feature = Declarer("billing")
_PAID = ("invoices.paid_at",)

FAMILY = Family(
    name="billing",
    label="Contract and payment",
    sql=sql_text("billing.sql"),
    evidence=sql_text("billing_evidence.sql"),
    features=(
        _feature(
            "days_late_365",
            "days",
            "mean days between due and paid (or now) of invoices of the last 365 days",
            *_PAID,
        ),
        _feature(
            "days_late_change",
            "days",
            "mean days late in the last 120 days less that of the last 365 days",
            *_PAID,
        ),
        _feature(
            "overdue_count",
            "invoices",
            "invoices past due and unpaid; unknown where none was sent in two years",
            *_PAID,
        ),
        _feature(
            "overdue_amount",
            "currency",
            "amount past due and unpaid",
            *_PAID,
        ),
        _feature(
            "overdue_days",
            "days",
            "age of the oldest unpaid due date",
            *_PAID,
        ),
        _feature(
            "invoiced_90",
            "currency",
            "amount invoiced, less credits, in the last 90 days",
            "invoices",
            sign=0,
            worry=-1,
        ),
        _feature(
            "invoiced_365",
            "currency",
            "amount invoiced, less credits, in the last 365 days",
            "invoices",
            sign=0,
            worry=-1,
        ),
        _feature(
            "invoices_365",
            "invoices",
            "invoices of the last 365 days",
            "invoices",
            sign=0,
        ),
        _feature(
            "mrr_against_last_year",
            "times",
            "recurring revenue over that of 365 days ago; unknown for younger accounts",
            "subscriptions",
            sign=-1,
        ),
        _feature(
            "contracted_365",
            "yes or no",
            "recurring revenue is below that of 365 days ago; unknown for younger accounts",
            "subscriptions",
        ),
        _feature(
            "discount_frac",
            "share",
            "discount of the running term",
            "subscriptions.discount_frac",
            sign=0,
        ),
        _feature(
            "days_to_renewal",
            "days",
            "days until the running term ends by its schedule; negative when past",
            "subscriptions.term_ends_at",
            sign=0,
            worry=-1,
        ),
        _feature(
            "term_days",
            "days",
            "length of the running term",
            "subscriptions.term_ends_at",
            sign=0,
            worry=-1,
        ),
        _feature(
            "auto_renew",
            "yes or no",
            "the running term renews by itself",
            "subscriptions.auto_renew",
            sign=0,
            worry=-1,
        ),
        _feature(
            "billing_period_months",
            "months",
            "months between invoices of the running term",
            "subscriptions.billing_period_months",
            sign=0,
        ),
        _feature("terms_so_far", "terms", "terms begun so far", "subscriptions", sign=0, worry=-1),
    ),
)
