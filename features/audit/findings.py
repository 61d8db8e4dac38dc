"""What an audit can check, what it found, and whether training may go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from data.errors import RefusedError

Severity = Literal["hard", "soft"]

CHECKS: dict[str, str] = {
    "repeat": "the same build twice gives the same values",
    "drop_event_time": "deleting what happened later changes nothing",
    "drop_known_time": "deleting what was known later changes nothing",
    "corrupt_future": "another future changes nothing",
    "half_accounts": "half of the accounts have the same values without the others",
    "one_snapshot": "a snapshot has the same values without the others",
    "permuted_labels": "other labels change nothing",
    "replay": "a snapshot stored at the last training is still the same",
    "single_feature": "no feature alone tells the future",
    "lead_time": "skill does not vanish weeks before the end",
    "horizon": "skill does not collapse for ends that are further away",
    "near_end": "no kind of row exists only shortly before the end",
    "only_leavers": "no value is borne only by those who left",
    "current_state": "accounts holds first values, not those of today",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One leak, or sign of one.

    `subject` is a feature or a `table.column`; `table` the source it comes from, "" if not known.
    `figure` is what the check measured: the share of rows that changed, a ROC-AUC, its drop, or the
    share of bearers who left (0 to 1 all). `sentence` says what was found and what to do.
    """

    check: str
    severity: Severity
    subject: str
    table: str
    figure: float
    sentence: str


@dataclass(frozen=True, kw_only=True)
class AuditReport:
    """The findings of one audit, and for each check that could not run the reason."""

    findings: tuple[Finding, ...]
    skipped: dict[str, str]
    accounts: int
    snapshots: tuple[str, ...]

    @property
    def hard(self) -> tuple[Finding, ...]:
        """The findings that forbid training."""
        return tuple(f for f in self.findings if f.severity == "hard")

    def found_by(self, check: str) -> tuple[Finding, ...]:
        """The findings of one check."""
        return tuple(f for f in self.findings if f.check == check)

    def to_dict(self) -> dict[str, Any]:
        """Plain values: `checks` holds ok, soft, hard or the reason for skipping, per check."""
        return {
            "checks": {check: self._status(check) for check in CHECKS},
            "findings": [asdict(finding) for finding in self.findings],
            "accounts": self.accounts,
            "snapshots": list(self.snapshots),
        }

    def refuse_leaks(self) -> None:
        """Let pass what may be learnt from.

        Raises:
            RefusedError: there are hard findings; the message tells the first.
        """
        if self.hard:
            count = f"{len(self.hard)} leak{'s' if len(self.hard) > 1 else ''}"
            raise RefusedError(
                f"the audit found {count}: {self.hard[0].sentence}; "
                "`forewarn audit` lists all findings"
            )

    def _status(self, check: str) -> str:
        severities = {finding.severity for finding in self.found_by(check)}
        if not severities:
            return f"skipped: {self.skipped[check]}" if check in self.skipped else "ok"
        return "hard" if "hard" in severities else "soft"


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Hard findings first, then in the order of the checks, the largest figure first."""
    place = {check: number for number, check in enumerate(CHECKS)}
    return tuple(
        sorted(findings, key=lambda f: (f.severity == "soft", place[f.check], -f.figure, f.subject))
    )
