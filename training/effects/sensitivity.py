"""How strong something that nobody recorded would have to be to make a difference vanish."""

from __future__ import annotations

import math


def e_value(share: float, expected: float) -> float:
    """The risk ratio that would do, with having a play and with leaving alike; 1 of no difference.

    An unrecorded trait tied that strongly to both, beyond all that is recorded, could make the
    whole difference (VanderWeele & Ding, Annals of Internal Medicine 167, 2017, 268-274). Infinite
    where one of the two shares is 0.

    >>> round(e_value(0.10, 0.20), 2)
    3.41
    """
    low, high = sorted((share, expected))
    if low == high:
        return 1.0
    if low <= 0:
        return math.inf
    ratio = high / low
    return ratio + math.sqrt(ratio * (ratio - 1))


def erasing_odds(share: float, expected: float) -> float:
    """The odds ratio that would do, in who had a play, for something that leaving hangs on wholly.

    In the marginal sensitivity model (Zhao, Small & Bhattacharya, JRSS B 81, 2019, 735-761) the
    odds of having had a play are wrong by at most such a factor, either way. The worst case gives
    it to every account without a play that left, and its inverse to all that stayed; so the odds of
    the expected share move by its square. 1 of no difference; infinite where one of the two shares
    is 0 or 1.

    >>> round(erasing_odds(0.10, 0.20), 2)
    1.5
    """
    low, high = sorted((share, expected))
    if low == high:
        return 1.0
    if low <= 0 or high >= 1:
        return math.inf
    return math.sqrt(high / (1 - high) / (low / (1 - low)))
