"""Table `feedback`: what customers say in their own words, in five languages."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.synth.clock import DAYS_PER_YEAR, Array
from data.synth.frames import Words, moments, pick, table
from data.synth.people import People
from data.synth.troubles import (
    ENGAGEMENT,
    PAYMENT,
    REFERENCE,
    SILENCE,
    SINGLE_CONTACT,
    SUPPORT,
    ZOMBIE,
)
from data.synth.world import World

LANGUAGES = ("en", "el", "lv", "fa", "zh")
_SPOKEN = (0.68, 0.09, 0.08, 0.07, 0.08)
MOODS = ("happy", "neutral", "value", "support", "price", "relationship")
HAPPY, NEUTRAL, VALUE, BROKEN, PRICE, RELATIONSHIP = range(len(MOODS))
_MOOD_OF = {
    ENGAGEMENT: VALUE,
    ZOMBIE: PRICE,
    PAYMENT: PRICE,
    SUPPORT: BROKEN,
    SILENCE: RELATIONSHIP,
    SINGLE_CONTACT: RELATIONSHIP,
    REFERENCE: RELATIONSHIP,
}
QUOTES: dict[str, tuple[tuple[str, ...], ...]] = {
    "en": (
        ("The team loves it, we use it every day.", "Great product, it saves us hours each week."),
        ("It does what we need.", "Could you add a filter by region to the report?"),
        ("We hardly use it any more.", "We do not see the value we hoped for."),
        ("Our ticket has been open for weeks.", "It keeps crashing and nobody fixes it."),
        ("It is too expensive for what we get.", "We are comparing prices with another vendor."),
        ("We no longer know whom to ask.", "Nobody has talked to us about our goals."),
    ),
    "el": (
        ("Η ομάδα το λατρεύει.", "Εξαιρετικό προϊόν, μας γλιτώνει ώρες."),
        ("Κάνει αυτό που χρειαζόμαστε.", "Θα θέλαμε ένα φίλτρο στην αναφορά."),
        ("Σχεδόν δεν το χρησιμοποιούμε πια.", "Δεν βλέπουμε την αξία που περιμέναμε."),
        ("Το αίτημά μας είναι ανοιχτό εδώ και εβδομάδες.", "Κολλάει συνεχώς."),
        ("Είναι πολύ ακριβό.", "Συγκρίνουμε τιμές με άλλον προμηθευτή."),
        ("Δεν ξέρουμε πια ποιον να ρωτήσουμε.", "Κανείς δεν μας μίλησε για τους στόχους μας."),
    ),
    "lv": (
        ("Komandai ļoti patīk.", "Lielisks produkts, ietaupa mums stundas."),
        ("Tas dara to, kas vajadzīgs.", "Vai varat pievienot filtru atskaitei?"),
        ("Mēs to gandrīz vairs nelietojam.", "Neredzam gaidīto vērtību."),
        ("Mūsu pieteikums ir atvērts jau nedēļām.", "Tas nemitīgi avarē."),
        ("Tas ir pārāk dārgi.", "Salīdzinām cenas ar citu piegādātāju."),
        ("Mēs vairs nezinām, kam jautāt.", "Neviens ar mums nav runājis par mērķiem."),
    ),
    "fa": (
        ("تیم ما عاشق آن است.", "محصول عالی است و وقت ما را ذخیره می‌کند."),
        ("کاری را که لازم داریم انجام می‌دهد.", "لطفاً یک فیلتر به گزارش اضافه کنید."),
        ("تقریباً دیگر از آن استفاده نمی‌کنیم.", "ارزشی را که انتظار داشتیم نمی‌بینیم."),
        ("درخواست ما هفته‌هاست که باز مانده است.", "مدام از کار می‌افتد."),
        ("خیلی گران است.", "داریم قیمت‌ها را با شرکت دیگری مقایسه می‌کنیم."),
        ("دیگر نمی‌دانیم از چه کسی بپرسیم.", "هیچ‌کس درباره اهدافمان با ما صحبت نکرده است."),
    ),
    "zh": (
        ("团队非常喜欢这个产品。", "很好用，每周为我们节省很多时间。"),
        ("能满足我们的需要。", "能不能在报表里加一个筛选功能？"),
        ("我们几乎不再使用它了。", "没有看到我们期望的价值。"),
        ("我们的工单已经开了好几个星期。", "系统经常崩溃，没有人修复。"),
        ("价格太贵了。", "我们正在和另一家供应商比较价格。"),
        ("我们不知道该找谁了。", "没有人和我们谈过目标。"),
    ),
}


def feedback(world: World, people: People, rng: np.random.Generator) -> pd.DataFrame:
    """A quote or two a year from each customer; trouble colours many of them, not all."""
    n = len(world.lives)
    life, days = moments(np.full(n, 1.6 / DAYS_PER_YEAR), world.begin, world.end, rng)
    who, missing = people.choose(people.touch_weight, life, days, rng)
    spoken = (who >= 0) & ~missing & (rng.random(len(life)) > world.level(SILENCE, life, days))
    life, days, who = life[spoken], days[spoken], who[spoken]
    mood = np.where(rng.random(len(life)) < 0.55, HAPPY, NEUTRAL)
    stray = rng.random(len(life)) < 0.12
    mood = np.where(stray, rng.integers(0, len(MOODS), len(life)), mood)
    for trouble, shown in _MOOD_OF.items():
        tells = 0.8 * world.level(trouble, life, days) > rng.random(len(life))
        mood = np.where(tells, shown, mood)
    tongue = rng.choice(len(LANGUAGES), len(world.account_ids), p=_SPOKEN)
    language = tongue[world.lives.account[life]]
    each = len(QUOTES["en"][0])
    every = [quote for name in LANGUAGES for said in QUOTES[name] for quote in said]
    code = (language * len(MOODS) + mood) * each + rng.integers(0, each, len(life))
    columns: dict[str, Array | Words] = {
        "account_id": Words(world.lives.account[life], world.account_ids),
        "said_at": days,
        "text": Words(code, every),
        "channel": pick(("survey", "email", "call", "review", "meeting"), len(life), rng),
        "language": Words(language, LANGUAGES),
        "contact_id": Words(who, people.ids),
    }
    return table("feedback", world.clock, columns, rng)
