"""Who looks at the page, and which accounts they see."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from fastapi import HTTPException, Request

from serving.access.caller import Scope
from serving.records import AccountRisk
from serving.store import EVERY, Wanted

Role = Literal["csm", "manager", "admin"]
# user: signed in. key: a program's key by HTTP Basic, while nobody can sign in. anybody: this
# machine alone can ask, and neither a user nor a key has been made.
By = Literal["user", "key", "anybody"]

SCOPES: dict[Role, frozenset[Scope]] = {
    "csm": frozenset({"read", "write"}),
    "manager": frozenset({"read", "write"}),
    "admin": frozenset({"read", "write", "admin"}),
}


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who looks at the page.

    `csm` is the manager whose accounts are all that they see, None for whoever sees all; `manages`
    is who they are among the managers of accounts, if they are one. Every form of the page carries
    `form_token`, or is refused.
    """

    by: By
    name: str = ""
    role: Role = "admin"
    csm: str | None = None
    manages: str | None = None
    form_token: str = field(repr=False)

    def within(self, wanted: Wanted = EVERY) -> Wanted:
        """What is wanted, less what they may not see; for every question about accounts."""
        return replace(wanted, visible_to=self.csm)

    def sees(self, row: AccountRisk) -> bool:
        """Whether an account that was read otherwise may be shown; if not, it is as if unknown."""
        return self.csm is None or row.csm == self.csm


def viewer_of(request: Request) -> Viewer:
    """Who looks; the guard has put it there.

    Raises:
        HTTPException: 401 where nobody has.
    """
    found = getattr(request.state, "viewer", None)
    if not isinstance(found, Viewer):
        raise HTTPException(401)
    return found
