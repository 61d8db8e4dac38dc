"""From the champion and one moment of the data to a published, explained batch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import chain, repeat
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from data.churn import churn_rule
from data.engine import Sql
from data.errors import BadInputError, MissingError, RefusedError
from data.workspace import Workspace, quiet
from features.build import moment as opened
from features.build import pieces
from features.health.load import load_recipe
from features.health.recipe import Band, Recipe
from features.indicators.scorecard import Scorecard, load_scorecard
from features.words.sorter import Sorter
from serving.accounts import accounts
from serving.changes import Earlier, batch_before, changes, earlier
from serving.database import writing
from serving.dossier.gather import dossiers
from serving.estimates import estimated, estimates, status
from serving.explain import explain
from serving.facts import gather, snapshots
from serving.feeds import feeds_told
from serving.indicators.made import Cards, cards
from serving.indicators.stored import METADATA as SCORECARD
from serving.language import language
from serving.levers import levers
from serving.peers import peers
from serving.practice.gather import Asked, practices, scorecards
from serving.practice.health import METADATA as HEALTH
from serving.practice.health import described, recipe_of
from serving.practice.store import bands
from serving.records import AccountRisk, Batch, Change, Explanation
from serving.spoken import spoken
from serving.store import find_batch, publish
from serving.twins import Past, past, twins
from serving.words.sorter import sorter_of
from training.config import Config
from training.model import Model
from training.rows import revenue
from training.spec import ChurnSpec
from training.track import champion

# Part of every batch_id: raise it when the same model and data would be explained differently.
FORMAT = 6
STALE_AFTER_DAYS = 7
DEPARTURES = "champion_departures_180"
# The columns of the feature table that are held of all accounts at once.
BRIEF = ["account_id", "as_of", "segment", "mrr", "invoiced_365", DEPARTURES, "coverage"]


def score(
    workspace: Workspace, config: Config, *, as_of: date, say: Callable[[str], None] = quiet
) -> Batch:
    """The batch of every customer at the midnight that begins `as_of`, published.

    Accounts under notice are *decided* and young ones have *insufficient history*: both are listed
    without a risk. Repeating a run (same moment, model, data, and batch before) publishes nothing
    new.

    Raises:
        MissingError: nothing was landed, or there is no champion.
        BadInputError: the champion predicts something else than the settings now ask for, or
            `as_of` is far beyond the data.
        RefusedError: no customer at that moment can be scored.
    """
    if done := _repeated(_asked(workspace, config, as_of, say), say):
        return done
    with workspace.locked():
        # Once more: what was landed, promoted or erased until now must not be scored as it was.
        asked = _asked(workspace, config, as_of, say)
        if done := _repeated(asked, say):
            return done
        batch = _published(workspace, config, asked, say)
    say(f"published batch {batch.batch_id}")
    return batch


@dataclass(frozen=True)
class _Asked:
    """What is to be scored and by what: the batch without its accounts, and the one before it."""

    model: Model
    store: Engine
    batch: Batch
    before: Batch | None
    recipe: Recipe
    scorecard: Scorecard
    sorter: Sorter


def _asked(workspace: Workspace, config: Config, as_of: date, say: Callable[[str], None]) -> _Asked:
    model = _champion(workspace, config)
    recipe, scorecard = load_recipe(config.health), load_scorecard(config.scorecard)
    batch = _batch(workspace, model, as_of, recipe)
    sorter = sorter_of(workspace, say)
    batch.metadata.update({"phrases": sorter.fingerprint, SCORECARD: scorecard.fingerprint})
    store = writing(workspace.store)
    before = batch_before(store, batch)
    batch = batch.model_copy(update={"batch_id": batch_id(batch, before)})
    return _Asked(model, store, batch, before, recipe, scorecard, sorter)


def _repeated(asked: _Asked, say: Callable[[str], None]) -> Batch | None:
    """The batch if it was published before, now served again; None if it is new."""
    if done := find_batch(asked.store, asked.batch.batch_id):
        publish(asked.store, done, ())
        say(f"already published as batch {done.batch_id}; nothing to do")
    return done


def _published(
    workspace: Workspace, config: Config, asked: _Asked, say: Callable[[str], None]
) -> Batch:
    model, batch, before = asked.model, asked.batch, asked.before
    moment, rule = pd.Timestamp(batch.as_of), model.spec.rule
    then = None if before is None else earlier(workspace, asked.store, batch, before, model)
    moments = {*snapshots(workspace, moment), *([] if then is None else [then.moment])}
    say(f"building the features of this moment and of {len(moments) - 1} before it")
    table = pieces(workspace, sorted(moments), rule=rule, engine=config.engine)
    now = pd.concat([piece.loc[piece["as_of"] == moment, BRIEF] for piece in table])
    with opened(workspace, [moment], rule=rule) as engine:
        customers = _customers(now, accounts(engine, rule), moment, model.spec)
        scored = int((customers["status"] == "scored").sum())
        say(f"scoring and explaining {scored} of {len(customers)} accounts")
        known = past(engine, model, moment, frozenset(customers["account_id"]))
        manifest, was = workspace.manifest(), _bands(asked)
        figures = cards(engine, manifest, moment, rule=rule, scorecard=asked.scorecard)
        run = _Run(
            engine, manifest, model, batch, then, known, asked.recipe, was, figures, asked.sorter
        )
        rows = chain.from_iterable(_rows(run, piece, customers) for piece in table)
        told = {**batch.metadata, **feeds_told(engine, run.manifest, model)}
        batch = batch.model_copy(update={"n": len(customers), "metadata": told})
        publish(asked.store, batch, rows, scorecards(run.asked(customers)))
    return batch


def batch_id(batch: Batch, before: Batch | None) -> str:
    """The same for the same moment, model, data, health, scorecard and batch to compare with.

    Ids sort by moment.
    """
    known = [batch.model_version, batch.metadata["data_fingerprint"]]
    known += [phrases] if (phrases := batch.metadata.get("phrases")) else []
    known += [batch.metadata[HEALTH]["digest"]] if HEALTH in batch.metadata else []
    known += [batch.metadata[SCORECARD]] if SCORECARD in batch.metadata else []
    text = "|".join([str(FORMAT), str(batch.as_of), *known, before.batch_id if before else ""])
    return f"{batch.as_of}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


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


def _bands(asked: _Asked) -> Mapping[str, Band]:
    """The bands of health in the batch before; none where they were made by another recipe."""
    before = asked.before
    if before is None or recipe_of(before.metadata) != asked.recipe:
        return {}
    return bands(asked.store, before.batch_id)


def _batch(workspace: Workspace, model: Model, as_of: date, recipe: Recipe) -> Batch:
    manifest, spec = workspace.manifest(), model.spec
    until = pd.Timestamp(manifest["data_until"])
    if pd.Timestamp(as_of) > until + pd.Timedelta(days=STALE_AFTER_DAYS):
        raise BadInputError(
            f"--as-of: expected at most {STALE_AFTER_DAYS} days after the newest data "
            f"({until:%Y-%m-%d}), else every account looks silent; got {as_of}; land newer data"
        )
    return Batch(
        batch_id="",
        as_of=as_of,
        model_version=model.version,
        method=model.method,
        spec_hash=spec.hash,
        horizon_days=spec.window_days,
        n=0,
        metadata={
            "data_until": f"{until:%Y-%m-%d}",
            "data_fingerprint": manifest["fingerprint"],
            "learnt_until": model.data_until[:10],
            "spec": spec.to_dict(),
            "rung": model.rung,
            "base_rate": model.base_rate,
            "bands": {"high": model.bands.high, "elevated": model.bands.elevated},
            HEALTH: described(recipe),
        },
    )


def _customers(
    now: pd.DataFrame, known: pd.DataFrame, moment: pd.Timestamp, spec: ChurnSpec
) -> pd.DataFrame:
    """The rows of the moment with who they are, `status`, and `arr`, revenue a year."""
    now = now.merge(known, on="account_id", validate="one_to_one")
    told = [
        status(notice_at, since, moment, spec)
        for notice_at, since in zip(now["notice_at"], now["since"], strict=True)
    ]
    if "scored" not in told:
        raise RefusedError(
            f"no account can be scored at {moment:%Y-%m-%d}: expected customers of at least "
            f"{spec.min_history_days} days who have not given notice; got {len(now)} customers, "
            f"{told.count('decided')} of them under notice"
        )
    return now.assign(status=told, arr=revenue(now))


@dataclass(frozen=True)
class _Run:
    """What all accounts of a run have in common: an engine at the moment, and what was landed."""

    engine: Sql
    manifest: dict[str, Any]
    model: Model
    batch: Batch
    then: Earlier | None
    past: Past
    recipe: Recipe
    bands: Mapping[str, Band]
    cards: Cards
    sorter: Sorter

    def asked(self, rows: pd.DataFrame) -> Asked:
        """What the practice is made from, for the accounts of these rows."""
        as_of, rule = pd.Timestamp(self.batch.as_of), self.model.spec.rule
        tables, recipe = self.manifest["tables"], self.recipe
        return Asked(
            self.engine, tables, as_of, rule, rows, recipe, self.bands, self.cards, self.sorter
        )


def _rows(run: _Run, piece: pd.DataFrame, customers: pd.DataFrame) -> Iterator[AccountRisk]:
    """The risks of the accounts in a piece of the feature table, in English."""
    english = language("en")
    told = customers[customers["account_id"].isin(piece["account_id"])]
    as_of = pd.Timestamp(run.batch.as_of)
    known = dossiers(run.engine, run.manifest["tables"], list(told["account_id"]), as_of)
    rows = piece[(piece["as_of"] == as_of) & piece["account_id"].isin(told["account_id"])]
    beside = practices(run.asked(rows))
    whys = _whys(run, piece, told[told["status"] == "scored"])
    row: Any
    for row in told.itertuples():
        found = AccountRisk(**_who(row), **known.brief[row.account_id])
        if row.status == "scored":
            found = estimated(found, *next(whys), run.model)
        more = {
            "dossier_json": known.of(row.account_id, customer_since=row.since),
            "practice": beside[row.account_id],
        }
        yield spoken(found, run.batch, english).model_copy(update=more)


def _whys(
    run: _Run, piece: pd.DataFrame, scored: pd.DataFrame
) -> Iterator[tuple[dict[str, Any], Explanation]]:
    if scored.empty:
        return
    model, moment = run.model, scored["as_of"].iloc[0]
    rows = piece[(piece["as_of"] == moment) & piece["account_id"].isin(scored["account_id"])]
    until = pd.Timestamp(run.manifest["data_until"]).date()
    facts = gather(run.engine, until, model, rows, piece)
    moves: Iterable[Change | None] = repeat(None, len(rows))
    if run.then is not None:
        moves = changes(run.then, model, piece, facts)
    beside = zip(
        moves,
        peers(model, rows, facts),
        levers(model, rows, facts),
        twins(model, facts, run.past),
        strict=True,
    )
    names = ("change", "peers", "levers", "twins")
    for estimate, why, told in zip(estimates(facts), explain(facts), beside, strict=True):
        yield estimate, why.model_copy(update=dict(zip(names, told, strict=True)))


def _who(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of itertuples has no static type
    text = {name: _or_none(getattr(row, name)) for name in ("name", "segment", "csm", "arr")}
    days = {name: _or_none(getattr(row, name)) for name in ("renewal_at", "notice_at")}
    return {
        **text,
        **{name: None if day is None else day.date() for name, day in days.items()},
        "account_id": row.account_id,
        "status": row.status,
        "champions_left": _or_none(getattr(row, DEPARTURES)),
        "coverage": row.coverage,
    }


def _or_none(value: Any) -> Any:  # noqa: ANN401
    return None if pd.isna(value) else value
