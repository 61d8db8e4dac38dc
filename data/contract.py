"""The tables that forewarn understands: grain, columns, types and units, each declared once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "time", "number", "integer", "flag"]

SQL_TYPES: dict[Kind, str] = {
    "text": "VARCHAR",
    "time": "TIMESTAMP",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "flag": "BOOLEAN",
}
EARLIEST, LATEST = "1990-01-01", "2100-01-01"
MAX_ID_LENGTH = 128


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    `revealed_at` names the time column of the same row before which the value was not known: the
    outcome of a request is known from `resolved_at` on, though the request itself is older.
    A time column that is itself a later event (`answered_at`) is revealed at its own time.
    """

    name: str
    kind: Kind
    about: str
    required: bool = False
    unit: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    revealed_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table: `key` identifies a row (empty: rows may repeat), `time` says when it happened."""

    name: str
    grain: str
    key: tuple[str, ...]
    time: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if the table has none."""
        return next(c for c in self.columns if c.name == name) if name in self.names else _no(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in their stored order."""
        return tuple(c.name for c in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that every source must give."""
        return tuple(c.name for c in self.columns if c.required)


def _no(name: str) -> Column:
    raise KeyError(name)


def _id(name: str, about: str) -> Column:
    return Column(name=name, kind="text", about=about, required=True)


def _ref(name: str, about: str) -> Column:
    return Column(name=name, kind="text", about=about)


def _text(name: str, about: str, *choices: str, revealed_at: str | None = None) -> Column:
    return Column(name=name, kind="text", about=about, choices=choices, revealed_at=revealed_at)


def _must(name: str, about: str, *choices: str) -> Column:
    return Column(name=name, kind="text", about=about, choices=choices, required=True)


def _at(name: str, about: str) -> Column:
    return Column(name=name, kind="time", about=about, required=True, unit="UTC")


def _later(name: str, about: str) -> Column:
    return Column(name=name, kind="time", about=about, unit="UTC", revealed_at=name)


def _planned(name: str, about: str) -> Column:
    return Column(name=name, kind="time", about=about, unit="UTC")


def _number(
    name: str,
    about: str,
    unit: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    revealed_at: str | None = None,
) -> Column:
    return Column(
        name=name,
        kind="number",
        about=about,
        unit=unit,
        minimum=minimum,
        maximum=maximum,
        revealed_at=revealed_at,
    )


def _count(name: str, about: str, unit: str, *, minimum: float = 0) -> Column:
    return Column(name=name, kind="integer", about=about, unit=unit, minimum=minimum)


def _flag(name: str, about: str, *, revealed_at: str | None = None) -> Column:
    return Column(name=name, kind="flag", about=about, revealed_at=revealed_at)


ACCOUNT = _id("account_id", "the customer, by the firm's own id")
KNOWN = Column(
    name="known_at",
    kind="time",
    unit="UTC",
    about="when the firm could know the row; defaults to the time it happened",
)


def _table(name: str, grain: str, key: str, time: str, *columns: Column) -> Table:
    return Table(name=name, grain=grain, key=tuple(key.split()), time=time, columns=columns)


TABLES: tuple[Table, ...] = (
    _table(
        "accounts",
        "one row per account",
        "account_id",
        "created_at",
        ACCOUNT,
        _at("created_at", "when the account became a customer"),
        _text("name", "display name"),
        _text("segment", "size or service class at the start; later values go to account_changes"),
        _text("industry", "line of business"),
        _text("region", "part of the world"),
        _ref("parent_account_id", "the account that this one belongs to"),
        _text("csm", "customer success manager in charge"),
    ),
    _table(
        "account_changes",
        "one row per change of one field of an account",
        "account_id field valid_from",
        "valid_from",
        ACCOUNT,
        _must("field", "which column of accounts changed"),
        _must("value", "its new value"),
        _at("valid_from", "from when the value holds"),
        KNOWN,
    ),
    _table(
        "subscriptions",
        "one row per contract term",
        "subscription_id",
        "started_at",
        _id("subscription_id", "the term"),
        ACCOUNT,
        _at("started_at", "first moment of the term"),
        _planned("term_ends_at", "scheduled end of the term: the renewal date"),
        _later("ended_at", "end of paid service; empty while it lives"),
        _later("notice_at", "when the customer said they would leave"),
        _text(
            "end_kind",
            "why paid service ended",
            "voluntary",
            "involuntary",
            "merged",
            revealed_at="ended_at",
        ),
        Column(
            name="mrr",
            kind="number",
            about="recurring revenue",
            unit="currency per month",
            required=True,
            minimum=0,
        ),
        _count("seats", "licences bought", "seats"),
        _text("plan", "name of the plan"),
        _flag("auto_renew", "renews unless somebody cancels"),
        _number("billing_period_months", "months between invoices", "months", minimum=0),
        _number("discount_frac", "discount off the list price", "0 to 1", minimum=0, maximum=1),
        KNOWN,
    ),
    _table(
        "contacts",
        "one row per person at an account",
        "contact_id",
        "joined_at",
        _id("contact_id", "the person"),
        ACCOUNT,
        _at("joined_at", "from when the person was a contact"),
        _later("left_at", "when the person left the account"),
        _text("role", "part played", "executive", "champion", "buyer", "admin", "user", "other"),
        KNOWN,
    ),
    _table(
        "usage_events",
        "one row per event, or per account, feature and day with a quantity",
        "",
        "occurred_at",
        ACCOUNT,
        _at("occurred_at", "when it happened"),
        _must("feature", "what was used"),
        _ref("contact_id", "who used it"),
        _number("quantity", "how often, or how much", "uses", minimum=0),
        _count("n_users", "people behind an aggregated row", "people"),
        KNOWN,
    ),
    _table(
        "interactions",
        "one row per touch between firm and customer",
        "interaction_id",
        "occurred_at",
        _id("interaction_id", "the touch"),
        ACCOUNT,
        _at("occurred_at", "when it happened"),
        _must("direction", "inbound: the customer came to us", "inbound", "outbound"),
        _text(
            "channel",
            "by which way",
            *("email", "call", "voicemail", "meeting", "chat", "event", "community"),
        ),
        _ref("contact_id", "the person at the customer"),
        _ref("staff_id", "the person at the firm"),
        _flag("attended", "for a meeting: the customer came"),
        _later("answered_at", "when the customer answered an outbound touch"),
        _text(
            "topic",
            "what it was about",
            *("qbr", "roadmap", "renewal", "training", "support", "other"),
        ),
        KNOWN,
    ),
    _table(
        "tickets",
        "one row per support ticket",
        "ticket_id",
        "opened_at",
        _id("ticket_id", "the ticket"),
        ACCOUNT,
        _at("opened_at", "when it was opened"),
        _later("resolved_at", "when it was resolved"),
        _text("priority", "urgency", "low", "normal", "high", "urgent"),
        _text("category", "what it was about"),
        _ref("contact_id", "who opened it"),
        _number("csat", "satisfaction with the answer", "1 to 5", revealed_at="resolved_at"),
        _flag("reopened", "opened again after being resolved", revealed_at="resolved_at"),
        KNOWN,
    ),
    _table(
        "surveys",
        "one row per invitation",
        "survey_id",
        "sent_at",
        _id("survey_id", "the invitation"),
        ACCOUNT,
        _at("sent_at", "when it was sent"),
        _must("kind", "which survey", "nps", "csat", "ces", "onboarding", "monthly", "exit"),
        _ref("contact_id", "who was asked"),
        _later("responded_at", "when it was answered"),
        _number("score", "the answer", "0 to scale_max", minimum=0, revealed_at="responded_at"),
        _number("scale_max", "highest possible answer", "points", minimum=1),
        KNOWN,
    ),
    _table(
        "reference_requests",
        "one row per request to vouch for the product",
        "request_id",
        "requested_at",
        _id("request_id", "the request"),
        ACCOUNT,
        _at("requested_at", "when we asked"),
        _text("kind", "what for", "call", "case_study", "review", "speaking", "logo"),
        _ref("contact_id", "who was asked"),
        _later("resolved_at", "when the answer was clear"),
        _text(
            "outcome",
            "what came of it",
            *("accepted", "declined", "ignored", "withdrawn"),
            revealed_at="resolved_at",
        ),
        KNOWN,
    ),
    _table(
        "invoices",
        "one row per invoice",
        "invoice_id",
        "issued_at",
        _id("invoice_id", "the invoice"),
        ACCOUNT,
        _at("issued_at", "when it was sent"),
        _at("due_at", "when it had to be paid"),
        Column(
            name="amount",
            kind="number",
            about="amount invoiced; negative for a credit note",
            unit="currency",
            required=True,
        ),
        _later("paid_at", "when it was paid"),
        KNOWN,
    ),
    _table(
        "pulses",
        "one row per judgement of a customer success manager",
        "account_id recorded_at",
        "recorded_at",
        ACCOUNT,
        _at("recorded_at", "when it was given"),
        Column(
            name="pulse",
            kind="number",
            about="the manager's judgement, 1 worst to 5 best",
            unit="1 to 5",
            required=True,
            minimum=1,
            maximum=5,
        ),
        _text("csm", "who gave it"),
        _text("reason_code", "why"),
        _planned("expires_at", "until when it counts"),
        KNOWN,
    ),
    _table(
        "goals",
        "one row per goal or onboarding step of a customer",
        "goal_id",
        "set_at",
        _id("goal_id", "the goal"),
        ACCOUNT,
        _at("set_at", "when it was agreed"),
        _text("kind", "which sort", "onboarding", "activation", "outcome", "integration"),
        _planned("due_at", "when it should be reached"),
        _later("achieved_at", "when it was reached"),
        _later("abandoned_at", "when it was given up"),
        _number("baseline", "the measure at the start", "the goal's own unit"),
        _number("current", "the measure now", "the goal's own unit", revealed_at="achieved_at"),
        _number("target", "the measure agreed", "the goal's own unit"),
        KNOWN,
    ),
    _table(
        "feedback",
        "one row per quote of a customer",
        "feedback_id",
        "said_at",
        _id("feedback_id", "the quote"),
        ACCOUNT,
        _at("said_at", "when it was said"),
        _must("text", "the customer's own words"),
        _text("channel", "where it was said"),
        _text("language", "two-letter code"),
        _ref("contact_id", "who said it"),
        KNOWN,
    ),
    _table(
        "external_signals",
        "one row per observation from outside",
        "account_id observed_at kind",
        "observed_at",
        ACCOUNT,
        _at("observed_at", "when it was seen"),
        _must(
            "kind",
            "what was seen",
            *("competitor_contact", "competitor_mention", "executive_departure"),
            *("acquisition", "layoffs", "press"),
        ),
        KNOWN,
    ),
    _table(
        "interventions",
        "one row per play run on an account",
        "intervention_id",
        "assigned_at",
        _id("intervention_id", "the play on this account"),
        ACCOUNT,
        _must("play", "name of the play"),
        _at("assigned_at", "when it was assigned"),
        _text("assigned_by", "who assigned it"),
        _flag("held_out", "kept back on purpose, for comparison"),
        _later("closed_at", "when it was closed"),
        _text("outcome", "what came of it", revealed_at="closed_at"),
        KNOWN,
    ),
)

BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}
ACTIVITY: tuple[str, ...] = ("usage_events", "interactions", "tickets", "invoices")
