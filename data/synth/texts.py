"""What tickets say, and what the firm's people note of calls and meetings, in five languages.

Drawn from random numbers of their own, beside all else, so that nothing else of the company depends
on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.synth.clock import Flags, Floats, Ints
from data.synth.frames import Words
from data.synth.quotes import BROKEN, LANGUAGES, MOODS, NEUTRAL, QUOTES
from data.synth.troubles import ENGAGEMENT, PAYMENT, SILENCE, SINGLE_CONTACT, SUPPORT, ZOMBIE
from data.synth.world import World

# How many tickets are kept with their words, and of how many calls and meetings something is noted.
TICKETS_SHARE, NOTES_SHARE = 0.7, 0.35
CATEGORIES = ("bug", "how-to", "billing", "access", "data")
# Which plain question a ticket of each category asks; -1 is none: it has only its first line.
_ASKED = np.array([-1, 4, 2, 3, 1])
_KINDS = ("well", "nothing", "zombie", "less", "alone", "dear", "support")
_WELL, _NOTHING = 0, 1
_NOTED_OF = {ZOMBIE: 2, ENGAGEMENT: 3, SINGLE_CONTACT: 4, SILENCE: 4, PAYMENT: 5, SUPPORT: 6}
SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "en": ("An error in the report", "A short question", "Our invoice", "Signing in", "An import"),
    "el": (
        "Σφάλμα στην αναφορά",
        "Μια ερώτηση",
        "Το τιμολόγιό μας",
        "Σύνδεση",
        "Μια εισαγωγή",
    ),
    "lv": ("Kļūda atskaitē", "Īss jautājums", "Mūsu rēķins", "Pieslēgšanās", "Datu imports"),
    "fa": ("خطا در گزارش", "یک پرسش کوتاه", "صورت‌حساب ما", "ورود به سامانه", "وارد کردن داده‌ها"),
    "zh": ("报表出错", "一个小问题", "我们的发票", "登录", "数据导入"),
}
NOTES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "en": (
        ("Good review: it saves them hours each week.", "They reached the goals of the quarter."),
        ("Went through the open points.", "Next call in four weeks."),
        (
            "They asked how to export all of their data.",
            "Nobody would speak of next year; they are looking at cheaper alternatives.",
        ),
        ("They hardly use it any more.", "Half of the team has gone back to spreadsheets."),
        (
            "Their champion has left and nobody has taken over.",
            "The new manager wants to review all subscriptions.",
        ),
        ("They say that the budget was cut.", "They find it too expensive."),
        ("They complain that support takes days.", "Still waiting for the fix of the crash."),
    ),
    "el": (
        ("Καλή συνάντηση: τους γλιτώνει ώρες.", "Πέτυχαν τους στόχους του τριμήνου."),
        ("Είδαμε τα ανοιχτά σημεία.", "Επόμενη κλήση σε τέσσερις εβδομάδες."),
        (
            "Ρώτησαν πώς εξάγουν όλα τα δεδομένα τους.",
            "Δεν μίλησαν για το επόμενο έτος· ψάχνουν φθηνότερες εναλλακτικές.",
        ),
        ("Σχεδόν δεν το χρησιμοποιούν πια.", "Η μισή ομάδα γύρισε στο Excel."),
        (
            "Ο άνθρωπός μας έφυγε και κανείς δεν ανέλαβε.",
            "Η νέα διοίκηση επανεξετάζει όλες τις συνδρομές.",
        ),
        ("Λένε ότι ο προϋπολογισμός κόπηκε.", "Το βρίσκουν πολύ ακριβό."),
        ("Παραπονιούνται ότι η υποστήριξη αργεί.", "Περιμένουν ακόμη τη διόρθωση."),
    ),
    "lv": (
        ("Laba saruna: ietaupa viņiem stundas.", "Viņi sasniedza ceturkšņa mērķus."),
        ("Izrunājām, kas vēl darāms.", "Nākamais zvans pēc četrām nedēļām."),
        (
            "Viņi jautāja, kā eksportēt visus savus datus.",
            "Par nākamo gadu nerunāja; meklē lētākas alternatīvas.",
        ),
        ("Viņi to gandrīz vairs nelieto.", "Puse komandas ir atgriezusies pie Excel."),
        (
            "Mūsu kontaktpersona aizgāja, un neviens nav pārņēmis.",
            "Jaunā vadība pārskata visus abonementus.",
        ),
        ("Viņi saka, ka budžets ir samazināts.", "Viņiem tas ir pārāk dārgi."),
        ("Viņi sūdzas, ka atbalsts neatbild dienām ilgi.", "Joprojām gaida labojumu."),
    ),
    "fa": (
        ("جلسهٔ خوبی بود: وقت آن‌ها را ذخیره می‌کند.", "به اهداف سه‌ماهه رسیدند."),
        ("نکته‌های باز را مرور کردیم.", "تماس بعدی چهار هفتهٔ دیگر."),
        (
            "پرسیدند چگونه همهٔ داده‌هایشان را خروجی بگیرند.",
            "دربارهٔ سال آینده حرفی نزدند؛ دنبال گزینه‌های دیگر هستند.",
        ),
        ("تقریباً دیگر از آن استفاده نمی‌کنند.", "نیمی از تیم به اکسل برگشته است."),
        (
            "رابط ما رفته است و کسی جای او نیامده است.",
            "مدیریت جدید همه قراردادها را بازنگری می‌کند.",
        ),
        ("می‌گویند بودجه کاهش یافته است.", "به نظرشان خیلی گران است."),
        ("گله دارند که پشتیبانی دیر پاسخ می‌دهد.", "هنوز منتظر رفع خطا هستند."),
    ),
    "zh": (
        ("会谈很好：每周为他们节省很多时间。", "他们达到了本季度的目标。"),
        ("讨论了未完成的事项。", "四周后再通话。"),
        ("他们问怎样导出全部数据。", "他们不愿谈明年的事，在看更便宜的替代方案。"),
        ("他们几乎不再使用它了。", "一半的人又用回Excel了。"),
        ("我们的联系人离职了，没有人接手。", "新领导要重新评估所有软件。"),
        ("他们说明年的预算被砍了。", "他们觉得价格太贵了。"),
        ("他们抱怨客服回复太慢了。", "他们还在等待修复。"),
    ),
}


@dataclass(frozen=True)
class Texts:
    """Writes them: each account in the language of its quotes, and in English where it has none."""

    world: World
    tongue: Ints
    rng: np.random.Generator

    @classmethod
    def of(cls, world: World, feedback: pd.DataFrame, rng: np.random.Generator) -> Texts:
        """Those of a company with these quotes."""
        first = feedback.groupby("account_id")["language"].first()
        known = first.reindex(world.account_ids).fillna(LANGUAGES[0])
        return cls(world, known.map(LANGUAGES.index).to_numpy(dtype=np.int64), rng)

    def tickets(self, life: Ints, category: Words, burning: Floats) -> dict[str, Words]:
        """Columns `subject` and `body`; the worse the trouble with support, the more it is told."""
        n, each = len(life), len(QUOTES["en"][0])
        angry = self.rng.random(n) < 0.06 + 0.7 * burning
        which = np.where(angry, self.rng.integers(0, each, n), _ASKED[category.codes])
        kept = self.rng.random(n) < TICKETS_SHARE
        language = self.tongue[self.world.lives.account[life]]
        subjects = [one for name in LANGUAGES for one in SUBJECTS[name]]
        bodies = [one for name in LANGUAGES for said in QUOTES[name] for one in said]
        subject = language * len(CATEGORIES) + category.codes
        body = (language * len(MOODS) + np.where(angry, BROKEN, NEUTRAL)) * each + which
        return {
            "subject": Words(np.where(kept, subject, -1), subjects),
            "body": Words(np.where(kept & (which >= 0), body, -1), bodies),
        }

    def notes(self, life: Ints, days: Floats, spoken: Flags) -> dict[str, Words]:
        """Column `note`: of some of those where somebody was spoken to, by what was going on."""
        n = len(life)
        kind = np.where(self.rng.random(n) < 0.4, _WELL, _NOTHING)
        for trouble, told in _NOTED_OF.items():
            seen = 0.7 * self.world.level(trouble, life, days) > self.rng.random(n)
            kind = np.where(seen, told, kind)
        which = self.rng.integers(0, 2, n)
        kept = spoken & (self.rng.random(n) < NOTES_SHARE)
        language = self.tongue[self.world.lives.account[life]]
        every = [one for name in LANGUAGES for told in NOTES[name] for one in told]
        code = (language * len(_KINDS) + kind) * 2 + which
        return {"note": Words(np.where(kept, code, -1), every)}
