"""How somebody looks at the pages: who they are, what they may do, and in which language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from babel import negotiate_locale
from fastapi import Depends, Request

from serving.access.caller import Caller
from serving.access.viewer import Viewer
from serving.language import LANGUAGES, Language, language

COOKIE = "forewarn_language"
# Chinese by the writing of the place, where only a place is asked for.
_ALIASES = {"zh": "zh_Hans", "zh_CN": "zh_Hans", "zh_SG": "zh_Hans"} | {
    f"zh_{place}": "zh_Hant" for place in ("TW", "HK", "MO")
}


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a page is made for.

    `viewer` is None before anybody has signed in. `may_write` is whether forms are of use to them.
    `part` says that a script of the page wants only what is to be put in place of something.
    """

    viewer: Viewer | None
    language: Language
    may_write: bool = False
    part: bool = False


def look_of(request: Request) -> Look:
    """How a request looks at the page; to be used by every route that shows one."""
    found, caller = (getattr(request.state, name, None) for name in ("viewer", "caller"))
    return Look(
        viewer=found if isinstance(found, Viewer) else None,
        language=language(language_of(request)),
        may_write=isinstance(caller, Caller) and "write" in caller.scopes,
        part=request.headers.get("hx-request") == "true"
        and request.headers.get("hx-history-restore-request") != "true",
    )


def language_of(request: Request) -> str:
    """The code of the language that was chosen, else the best that the browser asks for."""
    if (chosen := request.cookies.get(COOKIE)) in LANGUAGES:
        return chosen
    return best(request.headers.get("accept-language", ""))


def best(accepted: str) -> str:
    """The language that serves an `Accept-Language` header best; English where none does.

    >>> [best(said) for said in ("fa-IR,fa;q=0.9,en;q=0.8", "zh-TW", "de", "de,el;q=.5,lv;q=.9")]
    ['fa', 'zh-Hant', 'en', 'lv']
    """
    asked: list[tuple[float, str]] = []
    for item in accepted.split(",")[:20]:
        name, _, rest = item.strip().partition(";")
        try:
            weight = float(rest.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        asked.append((-weight, name.replace("-", "_")))
    known = {code.replace("-", "_"): code for code in LANGUAGES}
    for _, name in sorted(asked, key=lambda pair: pair[0]):
        found = negotiate_locale([_ALIASES.get(name, name)], list(known), aliases={})
        if found is not None:
            return known[found]
    return "en"


Looking = Annotated[Look, Depends(look_of)]
