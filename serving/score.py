"""From the champion and one moment of the data to a published, explained batch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import chain, repeat
from typing import Any

import numpy as np
import pandas as pd

from data.churn import churn_rule
from data.errors import BadInputError, MissingError, RefusedError
from data.workspace import Workspace, quiet
from features.build import pieces
from serving.accounts import accounts
from serving.changes import Earlier, changes, earlier
from serving.database import writing
from serving.explain import explain
from serving.facts import Facts, gather, snapshots
from serving.feeds import dead_feeds
from serving.levers import levers
from serving.records import AccountRisk, Batch, Change, Explanation
from serving.store import find_batch, publish
from serving.twins import names, twins
from serving.words import summary, unlearnt
from training.config import Config
from training.model import Model
from training.rows import revenue
from training.spec import ChurnSpec
from training.track import champion

# Part of every batch_id: raise it when the same model and data would be explained differently.
FORMAT = 4
STALE_AFTER_DAYS = 7
# The columns of the feature table that are held of all accounts at once.
BRIEF = ["account_id", "as_of", "segment", "mrr", "invoiced_365", "coverage"]


def score(
    workspace: Workspace, config: Config, *, as_of: date, say: Callable[[str], None] = quiet
) -> Batch:
    """The batch of every customer at the midnight that begins `as_of`, published.

    Accounts under notice are *decided* and young ones have *insufficient history*: both are listed
    without a risk. Repeating a run (same moment, model and data) publishes nothing new.

    Raises:
        MissingError: nothing was landed, or there is no champion.
        BadInputError: the champion predicts something else than the settings now ask for, or
            `as_of` is far beyond the data.
        RefusedError: no customer at that moment can be scored.
    """
    model = _champion(workspace, config)
    batch = _batch(workspace, model, as_of)
    store = writing(workspace.store)
    if known := find_batch(store, batch.batch_id):
        publish(store, known, ())
        say(f"already published as batch {known.batch_id}; nothing to do")
        return known
    with workspace.locked():
        moment, rule = pd.Timestamp(as_of), model.spec.rule
        then = earlier(workspace, store, batch, model)
        moments = snapshots(workspace, moment)
        said = f"this moment and of {len(moments) - 1} before it"
        if then is not None and then.moment not in moments:
            moments.append(then.moment)
            said += ", and of the batch before"
        say(f"building the features of {said}")
        table = pieces(workspace, sorted(moments), rule=rule, engine=config.engine)
        now = pd.concat([piece.loc[piece["as_of"] == moment, BRIEF] for piece in table])
        customers = _customers(now, accounts(workspace, moment, rule=rule), moment, model.spec)
        scored = int((customers["status"] == "scored").sum())
        say(f"scoring and explaining {scored} of {len(customers)} accounts")
        rows = chain.from_iterable(
            _rows(workspace, model, piece, customers, then) for piece in table
        )
        dead = dead_feeds(workspace, model, moment)
        told = {"n": len(customers), "metadata": {**batch.metadata, "dead_feeds": dead}}
        publish(store, batch := batch.model_copy(update=told), rows)
    say(f"published batch {batch.batch_id}")
    return batch


def batch_id(as_of: date, model_version: str, fingerprint: str) -> str:
    """The same for the same moment, model and data, on every machine; sorts by moment."""
    text = f"{FORMAT}|{as_of}|{model_version}|{fingerprint}"
    return f"{as_of}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _champion(workspace: Workspace, config: Config) -> Model:
    folder = champion(workspace, registered_model=config.registered_model)
    if folder is None:
        raise MissingError(
            f"no champion in {workspace.root}; run `forewarn train --workspace {workspace.root}`, "
            "or `forewarn promote` where that made a challenger"
        )
    model = Model.load(folder)
    wanted = config.spec(churn_rule(workspace.manifest()["churn"]))
    if wanted.hash != model.spec.hash:
        raise BadInputError(
            f"the champion predicts {_told(model.spec)}, the settings now ask for {_told(wanted)}; "
            "change them back, or run `forewarn train` and `forewarn promote`"
        )
    return model


def _told(spec: ChurnSpec) -> str:
    return ", ".join(f"{name} {value}" for name, value in spec.to_dict().items())


def _batch(workspace: Workspace, model: Model, as_of: date) -> Batch:
    manifest, spec = workspace.manifest(), model.spec
    until = pd.Timestamp(manifest["data_until"])
    if pd.Timestamp(as_of) > until + pd.Timedelta(days=STALE_AFTER_DAYS):
        raise BadInputError(
            f"--as-of: expected at most {STALE_AFTER_DAYS} days after the newest data "
            f"({until:%Y-%m-%d}), else every account looks silent; got {as_of}; land newer data"
        )
    return Batch(
        batch_id=batch_id(as_of, model.version, manifest["fingerprint"]),
        as_of=as_of,
        model_version=model.version,
        method=model.method,
        spec_hash=spec.hash,
        horizon_days=spec.window_days,
        n=0,
        metadata={
            "data_until": f"{until:%Y-%m-%d}",
            "data_fingerprint": manifest["fingerprint"],
            "event": _event(spec),
            "spec": spec.to_dict(),
            "rung": model.rung,
            "base_rate": model.base_rate,
            "bands": {"high": model.bands.high, "elevated": model.bands.elevated},
        },
    )


def _event(spec: ChurnSpec) -> str:
    silence = spec.rule.kind == "silence"
    return f"of {'staying silent for' if silence else 'leaving within'} {spec.window_days} days"


def _customers(
    now: pd.DataFrame, known: pd.DataFrame, moment: pd.Timestamp, spec: ChurnSpec
) -> pd.DataFrame:
    """The rows of the moment with who they are, `status`, and `arr`, revenue a year."""
    now = now.merge(known, on="account_id", validate="one_to_one")
    young = ~(moment - now["since"] >= pd.Timedelta(days=spec.min_history_days))
    status = np.select(
        [now["notice_at"].notna(), young], ["decided", "insufficient_history"], default="scored"
    )
    if not (status == "scored").any():
        raise RefusedError(
            f"no account can be scored at {moment:%Y-%m-%d}: expected customers of at least "
            f"{spec.min_history_days} days who have not given notice; got {len(now)} customers, "
            f"{int((status == 'decided').sum())} of them under notice"
        )
    return now.assign(status=status, arr=revenue(now))


def _rows(
    workspace: Workspace,
    model: Model,
    piece: pd.DataFrame,
    customers: pd.DataFrame,
    then: Earlier | None,
) -> Iterator[AccountRisk]:
    """The risks of the accounts in a piece of the feature table."""
    told = customers[customers["account_id"].isin(piece["account_id"])]
    whys = _whys(workspace, model, piece, told[told["status"] == "scored"], then)
    for row in told.itertuples():
        who = _who(row)
        if row.status != "scored":
            yield AccountRisk(**who, summary=_why_not(row, model.spec))
            continue
        estimate, why = next(whys)
        risk = estimate["risk"]
        yield AccountRisk(
            **who,
            **estimate,
            method=model.method,
            band=model.bands.of(risk),
            arr_at_risk=None if who["arr"] is None else risk * who["arr"],
            summary=_in_short(risk, why, model),
            explanation=why,
        )


def _whys(
    workspace: Workspace,
    model: Model,
    piece: pd.DataFrame,
    scored: pd.DataFrame,
    then: Earlier | None,
) -> Iterator[tuple[dict[str, Any], Explanation]]:
    if scored.empty:
        return
    moment = scored["as_of"].iloc[0]
    rows = piece[(piece["as_of"] == moment) & piece["account_id"].isin(scored["account_id"])]
    facts = gather(workspace, model, rows, piece)
    moves: Iterable[Change | None] = repeat(None, len(rows))
    if then is not None:
        moves = changes(workspace, then, model, piece, facts)
    beside = zip(
        moves, levers(model, rows, facts), twins(model, facts, names(workspace)), strict=True
    )
    for estimate, why, (change, better, alike) in zip(
        _risks(facts), explain(facts), beside, strict=True
    ):
        told = {"change": change, "levers": better, "twins": alike}
        yield estimate, why.model_copy(update=told)


def _risks(facts: Facts) -> Iterator[dict[str, Any]]:
    """Per account the risk, its band, the risk at every horizon and of each cause."""
    for row in range(len(facts.account_ids)):
        yield {
            "risk": float(facts.risk[row]),
            "risk_low": float(facts.low[row]),
            "risk_high": float(facts.high[row]),
            "risks": {days: float(risk[row]) for days, risk in facts.risks.items()},
            "causes": {cause: float(risk[row]) for cause, risk in facts.causes.items()},
        }


def _who(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of itertuples has no static type
    text = {name: _or_none(getattr(row, name)) for name in ("name", "segment", "csm", "arr")}
    renewal = _or_none(row.renewal_at)
    return {
        **text,
        "account_id": row.account_id,
        "status": row.status,
        "coverage": row.coverage,
        "renewal_at": None if renewal is None else renewal.date(),
    }


def _or_none(value: Any) -> Any:  # noqa: ANN401
    return None if pd.isna(value) else value


def _why_not(row: Any, spec: ChurnSpec) -> str:  # noqa: ANN401
    if row.status == "decided":
        return f"Notice given on {row.notice_at:%Y-%m-%d}: already decided, so not scored."
    return f"Too new to score: fewer than {spec.min_history_days} days as a customer."


def _in_short(risk: float, why: Explanation, model: Model) -> str:
    claims = [driver.claim for driver in why.reasons(2)]
    return summary(risk, _event(model.spec), claims, note=unlearnt(model.method, model.rung))
