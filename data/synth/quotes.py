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
        (
            "The team loves it, we use it every day.",
            "Great product, it saves us hours each week.",
            "Your agent fixed our problem within the hour.",
            "We are happy to renew for another year.",
            "We need ten more licences for the new office.",
            "Setup was quick and clear, and the price is fair.",
        ),
        (
            "It does what we need.",
            "Could you add a filter by region to the report?",
            "When does our contract end?",
            "How many users are included in our plan?",
            "Is there a manual for new users?",
            "How much would ten users cost?",
        ),
        (
            "We hardly use it any more.",
            "We do not see the value we hoped for.",
            "Most of the team has gone back to spreadsheets.",
            "We want to return five seats.",
            "It brings more work than before.",
            "Usage has dropped since the summer.",
        ),
        (
            "Our ticket has been open for weeks.",
            "It keeps crashing and nobody fixes it.",
            "Support takes days to answer a simple question.",
            "Nobody explained how to set up the new module.",
            "I have to explain the same problem every time.",
            "The documentation is out of date.",
        ),
        (
            "It is too expensive for what we get.",
            "We are comparing prices with another vendor.",
            "The price increase came without a word.",
            "Finance questions the cost every month.",
            "We are looking at cheaper alternatives.",
            "The budget for next year was cut.",
        ),
        (
            "We no longer know whom to ask.",
            "Nobody has talked to us about our goals.",
            "We might not renew in the spring.",
            "Our new director wants to review all subscriptions.",
            "We feel left alone since our manager changed.",
            "We are not sure we will renew.",
        ),
    ),
    "el": (
        (
            "Η ομάδα το λατρεύει.",
            "Εξαιρετικό προϊόν, μας γλιτώνει ώρες.",
            "Ο τεχνικός σας έλυσε το πρόβλημα αμέσως.",
            "Θα ανανεώσουμε για έναν χρόνο ακόμη.",
            "Χρειαζόμαστε δέκα επιπλέον άδειες.",
            "Η εγκατάσταση ήταν εύκολη και η τιμή είναι λογική.",
        ),
        (
            "Κάνει αυτό που χρειαζόμαστε.",
            "Θα θέλαμε ένα φίλτρο στην αναφορά.",
            "Πότε λήγει η σύμβασή μας;",
            "Πόσοι χρήστες περιλαμβάνονται;",
            "Υπάρχει οδηγός για νέους χρήστες;",
            "Πόσο κοστίζουν δέκα χρήστες;",
        ),
        (
            "Σχεδόν δεν το χρησιμοποιούμε πια.",
            "Δεν βλέπουμε την αξία που περιμέναμε.",
            "Γυρίσαμε στο Excel.",
            "Θέλουμε να μειώσουμε τις άδειες.",
            "Μας δίνει περισσότερη δουλειά.",
            "Η χρήση έπεσε μετά το καλοκαίρι.",
        ),
        (
            "Το αίτημά μας είναι ανοιχτό εδώ και εβδομάδες.",
            "Κολλάει συνεχώς.",
            "Η υποστήριξη αργεί να απαντήσει.",
            "Κανείς δεν μας εξήγησε πώς ρυθμίζεται.",
            "Εξηγούμε το ίδιο πρόβλημα κάθε φορά.",
            "Οι οδηγίες είναι ξεπερασμένες.",
        ),
        (
            "Είναι πολύ ακριβό.",
            "Συγκρίνουμε τιμές με άλλον προμηθευτή.",
            "Η αύξηση της τιμής ήρθε χωρίς ενημέρωση.",
            "Το λογιστήριο αμφισβητεί το κόστος.",
            "Ψάχνουμε φθηνότερες εναλλακτικές.",
            "Ο προϋπολογισμός κόπηκε.",
        ),
        (
            "Δεν ξέρουμε πια ποιον να ρωτήσουμε.",
            "Κανείς δεν μας μίλησε για τους στόχους μας.",
            "Ίσως δεν ανανεώσουμε την άνοιξη.",
            "Η νέα διοίκηση επανεξετάζει όλες τις συνδρομές.",
            "Νιώθουμε μόνοι μας από τότε που άλλαξε ο υπεύθυνος.",
            "Δεν είμαστε σίγουροι αν θα ανανεώσουμε.",
        ),
    ),
    "lv": (
        (
            "Komandai ļoti patīk.",
            "Lielisks produkts, ietaupa mums stundas.",
            "Jūsu atbalsts problēmu atrisināja uzreiz.",
            "Labprāt pagarināsim līgumu vēl uz gadu.",
            "Vajag vēl desmit licences.",
            "Ieviešana bija vienkārša, un cena ir godīga.",
        ),
        (
            "Tas dara to, kas vajadzīgs.",
            "Vai varat pievienot filtru atskaitei?",
            "Kad beidzas mūsu līgums?",
            "Cik lietotāju ir iekļauts?",
            "Vai ir rokasgrāmata jaunajiem?",
            "Cik maksā desmit lietotāji?",
        ),
        (
            "Mēs to gandrīz vairs nelietojam.",
            "Neredzam gaidīto vērtību.",
            "Esam atgriezušies pie Excel.",
            "Gribam samazināt licenču skaitu.",
            "Tas prasa vairāk darba nekā agrāk.",
            "Lietojums kopš vasaras ir krities.",
        ),
        (
            "Mūsu pieteikums ir atvērts jau nedēļām.",
            "Tas nemitīgi avarē.",
            "Atbalsts neatbild dienām ilgi.",
            "Neviens nepaskaidroja, kā to iestatīt.",
            "Katru reizi jāskaidro tā pati problēma no sākuma.",
            "Dokumentācija ir novecojusi.",
        ),
        (
            "Tas ir pārāk dārgi.",
            "Salīdzinām cenas ar citu piegādātāju.",
            "Cenas pieauga bez brīdinājuma.",
            "Grāmatvedība apšauba izmaksas.",
            "Meklējam lētākas alternatīvas.",
            "Budžets ir samazināts.",
        ),
        (
            "Mēs vairs nezinām, kam jautāt.",
            "Neviens ar mums nav runājis par mērķiem.",
            "Pavasarī līgumu varbūt nepagarināsim.",
            "Jaunā vadība pārskata visus abonementus.",
            "Kopš mainījās vadītājs, jūtamies vieni paši.",
            "Neesam pārliecināti, vai pagarināsim līgumu.",
        ),
    ),
    "fa": (
        (
            "تیم ما عاشق آن است.",
            "محصول عالی است و وقت ما را ذخیره می‌کند.",
            "پشتیبانی مشکل را فوراً حل کرد.",
            "با کمال میل یک سال دیگر تمدید می‌کنیم.",
            "به ده کاربر دیگر نیاز داریم.",
            "راه‌اندازی ساده بود و قیمت منصفانه است.",
        ),
        (
            "کاری را که لازم داریم انجام می‌دهد.",
            "لطفاً یک فیلتر به گزارش اضافه کنید.",
            "قرارداد ما چه زمانی تمام می‌شود؟",
            "چند کاربر در بسته ما هست؟",
            "آیا برای کاربران تازه راهنما دارید؟",
            "ده کاربر چقدر هزینه دارد؟",
        ),
        (
            "تقریباً دیگر از آن استفاده نمی‌کنیم.",
            "ارزشی را که انتظار داشتیم نمی‌بینیم.",
            "به اکسل برگشته‌ایم.",
            "می‌خواهیم تعداد مجوزها را کاهش دهیم.",
            "کار بیشتری برایمان ایجاد کرده است.",
            "استفاده از تابستان کاهش یافته است.",
        ),
        (
            "درخواست ما هفته‌هاست که باز مانده است.",
            "مدام از کار می‌افتد.",
            "پشتیبانی دیر پاسخ می‌دهد و کند است.",
            "هیچ‌کس توضیح نداد چطور تنظیمش کنیم.",
            "هر بار باید همان مشکل را از اول توضیح دهیم.",
            "مستندات قدیمی است.",
        ),
        (
            "خیلی گران است.",
            "داریم قیمت‌ها را با شرکت دیگری مقایسه می‌کنیم.",
            "افزایش قیمت بدون اطلاع بود.",
            "واحد مالی هزینه را زیر سؤال می‌برد.",
            "دنبال گزینه‌های دیگر هستیم.",
            "بودجه کاهش یافته است.",
        ),
        (
            "دیگر نمی‌دانیم از چه کسی بپرسیم.",
            "هیچ‌کس درباره اهدافمان با ما صحبت نکرده است.",
            "شاید بهار تمدید نکنیم.",
            "مدیریت جدید همه قراردادها را بازنگری می‌کند.",
            "از وقتی مدیر ما عوض شد تنها مانده‌ایم.",
            "مطمئن نیستیم که تمدید کنیم.",
        ),
    ),
    "zh": (
        (
            "团队非常喜欢这个产品。",
            "很好用，每周为我们节省很多时间。",
            "客服很快就解决了我们的问题。",
            "我们愿意再续约一年。",
            "我们需要增加十个账号。",
            "上手很容易，价格也合理。",
        ),
        (
            "能满足我们的需要。",
            "能不能在报表里加一个筛选功能？",
            "我们的合同什么时候到期？",
            "套餐包含多少个账号？",
            "有给新用户的教程吗？",
            "十个用户多少钱？",
        ),
        (
            "我们几乎不再使用它了。",
            "没有看到我们期望的价值。",
            "大家又用回Excel了。",
            "我们想减少席位。",
            "反而增加了工作量。",
            "夏天以后使用率下降了。",
        ),
        (
            "我们的工单已经开了好几个星期。",
            "系统经常崩溃，没有人修复。",
            "客服回复太慢了。",
            "没有人告诉我们怎么设置。",
            "每次都要重复解释同样的问题。",
            "文档已经过时了。",
        ),
        (
            "价格太贵了。",
            "我们正在和另一家供应商比较价格。",
            "没有通知就涨价了。",
            "财务部质疑这笔费用。",
            "我们在看更便宜的替代方案。",
            "明年的预算被砍了。",
        ),
        (
            "我们不知道该找谁了。",
            "没有人和我们谈过目标。",
            "春天我们可能不会续约。",
            "新领导要重新评估所有软件。",
            "换了负责人以后没人管我们。",
            "我们不确定是否续约。",
        ),
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
