"""The page of one account: what it says adds up, is the API's, and is told in every state."""

import re
from urllib.parse import quote

import pytest

from serving.access.audit import entries
from serving.apart import apart
from serving.language import LANGUAGES, language
from tests.web.one.conftest import DRIVERS, HOSTILE, texts


def table(page, heading):
    """The whole points of a waterfall, from where it starts to where it ends."""
    (body,) = re.findall(rf'<h2 id="{heading}">.*?</h2>(.*?)</table>', page, re.DOTALL)
    cells = texts(r'</svg></td><td class="number[^"]*">([^<]*)</td>', body)
    return [int(cell) for cell in cells]


def bars(page, heading):
    """The widths of its bars."""
    (body,) = re.findall(rf'<h2 id="{heading}">.*?</h2>(.*?)</table>', page, re.DOTALL)
    return [
        float(width[0]) if (width := re.findall(r'<rect [^>]*width="([\d.]+)%"', svg)) else 0.0
        for svg in re.findall(r"<svg class=\"\w+\".*?</svg>", body, re.DOTALL)
    ]


def test_the_waterfall_adds_up_to_the_risk_that_is_shown_and_is_what_the_api_says(anybody):
    page = anybody.get("/accounts/ant").text
    first, *steps, last = table(page, "drivers")
    assert (first, steps, last) == (7, [38, -6, 3, 0], 42)
    assert first + sum(steps) == last
    assert texts(r'<p class="figure"><strong>([^<]*)<', page) == [f"{last}%"]
    told = anybody.get("/v1/accounts/ant/explanation").json()["explanation"]
    assert told["base_shown"] == first
    assert [d["shown"] for d in told["drivers"] if d["shown"]] == steps[:-1]
    assert told["risk_shown"] == last


def test_bars_are_as_long_as_their_points(anybody):
    page = anybody.get("/accounts/ant").text
    points, widths = table(page, "drivers"), bars(page, "drivers")
    assert len(points) == len(widths) == 6
    unit = widths[-1] / points[-1]
    assert widths == pytest.approx([abs(n) * unit for n in points], abs=0.02)


def test_what_changed_adds_up_with_the_parts_of_the_data_and_of_the_model(anybody):
    page = anybody.get("/accounts/ant").text
    before, *moves, after = table(page, "changed")
    assert (before, moves, after) == (20, [25, -2, -1], 42)
    assert before + sum(moves) == after
    assert "Another model than m1" in page
    assert "Data arrived, went missing or was corrected" in page


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_has_the_whole_page_and_the_same_sums(anybody, code):
    anybody.cookies["forewarn_language"] = code
    answer = anybody.get("/accounts/ant")
    assert answer.status_code == 200
    words = language(code)
    assert words.say("account.drivers", 42) in answer.text
    (drivers,) = re.findall(r'<h2 id="drivers">.*?</table>', answer.text, re.DOTALL)
    for driver in DRIVERS:
        if driver.shown:
            shown = words.number(driver.shown, signed=True)
            assert f">{shown}</td>" in drivers
    assert f'dir="{"rtl" if code == "fa" else "ltr"}"' in answer.text


def test_each_horizon_is_a_link_and_shows_its_risk_without_a_script(anybody):
    page = anybody.get("/accounts/ant?horizon=365").text
    assert texts(r'<p class="figure"><strong>([^<]*)<', page) == ["80%"]
    assert "likely 30" not in page
    assert "speak of 90 days" in page
    links = texts(r'<a href="(/accounts/ant[^"#]*)"', page)
    assert {"/accounts/ant?horizon=30", "/accounts/ant"} <= set(links)
    for unknown in ("horizon=7", "horizon=x", "horizon=-1", "horizon="):
        shown = anybody.get(f"/accounts/ant?{unknown}")
        assert texts(r'<p class="figure"><strong>([^<]*)<', shown.text) == ["42%"]


def test_reasons_lead_to_their_rows_which_say_what_they_stand_behind(anybody):
    page = anybody.get("/accounts/ant").text
    link = '<a class="noprint" href="#rows-silence">2 rows behind it</a>'
    assert texts('(<a class="noprint" href="#[^>]*>[^<]*</a>)', page) == [link]
    rows = re.findall(r"<li[^>]*><time.*?</li>", page, re.DOTALL)
    marked = [row for row in rows if '<span class="of">Silence</span>' in row]
    assert len(marked) == 2
    assert marked[0].startswith('<li id="rows-silence">')
    assert "Bo" in marked[0]  # the same row as in the timeline, which knows the person
    assert page.count('title="i7"') == 1


def test_the_timeline_is_narrowed_to_a_source_or_a_reason_by_links(anybody):
    tickets = anybody.get("/accounts/ant?source=tickets").text
    assert texts(r'<small class="source" title="([^"]*)">', tickets) == ["t1"]
    assert 'href="/accounts/ant#rows-silence"' in tickets  # its rows are not on this page
    silence = anybody.get("/accounts/ant?driver=silence&horizon=30").text
    assert texts(r'<small class="source" title="([^"]*)">', silence) == ["i7", "i1"]
    assert 'href="/accounts/ant?horizon=30&amp;source=tickets#timeline"' in silence
    every = anybody.get("/accounts/ant?source=nonsense").text
    assert len(texts(r'<small class="source" title="([^"]*)">', every)) == 4


def test_a_single_contact_is_told_and_who_left_is_struck_out(anybody):
    page = anybody.get("/accounts/ant").text
    assert '<p class="lead alone">A single contact' in page
    assert "<s><bdi>Bo</bdi></s>" in page
    assert "left Nov 30, 2025" in page
    assert "role unknown: ask" in page
    widths = texts(r'<rect class="(?:main|gone)?" x="[\d.]+%" width="([\d.]+)%"', page)
    assert widths == ["75.0", "25.0"]
    assert "10 days ago" in page


def test_the_course_has_a_point_for_each_batch_and_marks_for_what_happened(anybody):
    page = anybody.get("/accounts/ant").text
    (chart,) = re.findall(r'<svg class="course".*?</svg>\s*<ol', page, re.DOTALL)
    assert 'points="0.0,60.0 100.0,16.0"' in chart  # of a scale that ends at 50%
    assert 'd="M0.0 60.0h0M100.0 16.0h0"' in chart
    rows = texts(r"<tr>(<th scope=\"row\">\w{3} \d.*?)</tr>", page)
    assert [re.sub("<[^>]*>", " ", row).split() for row in rows] == [
        ["Dec", "31,", "2025", "42%", "high", "m2"],
        ["Dec", "24,", "2025", "20%", "elevated", "m1"],
    ]
    marks = texts(r'<ol class="marks">(.*?)</ol>', page)[0]
    assert "contract term began" in marks
    assert f"another model: {apart('m2')}" in marks
    assert chart.count('<circle class="flag"') == marks.count("<li>") == 2
    assert chart.count('<line class="limit') == 2  # from where on a risk is elevated, and high


@pytest.mark.parametrize(
    ("account_id", "said", "unsaid"),
    [
        ("new", ["Too new to score.", "once there is enough history"], ['class="figure"']),
        (
            "cat",
            ["Notice given.", "nothing left to foretell", "45 days left"],
            ['class="figure"', "renews by itself"],
        ),
        ("odd%2F%20id%3F%23", ["renews by itself"], []),
        ("bare", ["No reasons were published", "older version", ">bare<"], ['id="drivers"']),
        (
            "gone",
            ["No longer a customer on Dec 31, 2025", "known on Dec 24, 2025", 'id="drivers"'],
            ['action="/accounts/gone/plays"', 'action="/accounts/gone/pulse"'],
        ),
    ],
)
def test_every_state_says_what_it_is_and_shows_what_is_known(anybody, account_id, said, unsaid):
    answer = anybody.get(f"/accounts/{account_id}")
    assert answer.status_code == 200
    for part in said:
        assert part in answer.text
    for part in unsaid:
        assert part not in answer.text


def test_links_of_the_page_of_a_lost_customer_lead_somewhere(anybody):
    page = anybody.get("/accounts/gone").text
    for link in set(texts(r'href="(/[^"#]*)', page)):
        if not link.startswith(("/language", "/model")):
            assert anybody.get(link).status_code == 200, link


def test_past_accounts_like_it_are_shown_to_whoever_sees_all_accounts_only(anybody, dana):
    assert "Otter Ltd left" in anybody.get("/accounts/ant").text
    assert "Otter Ltd" not in dana.get("/accounts/ant").text


@pytest.mark.parametrize("account_id", ["of eli", "gone/eli", "moved", "nobody"])
def test_what_is_not_theirs_looks_as_if_it_had_never_been(dana, account_id):
    answer = dana.get(f"/accounts/{quote(account_id, safe='')}")
    unknown = dana.get("/accounts/never")
    assert answer.status_code == unknown.status_code == 404
    same = (re.sub(r"next=[^\"]*", "", page.text) for page in (answer, unknown))
    assert len(set(same)) == 1
    assert dana.get("/accounts/gone").status_code == 200


@pytest.mark.parametrize("account_id", ["ant", "odd/ id?#"])
def test_hostile_names_are_text_and_kept_apart(anybody, account_id):
    page = anybody.get(f"/accounts/{quote(account_id, safe='')}").text
    assert "<script>alert" not in page
    named = account_id != "ant"
    assert (f"<bdi>{HOSTILE.replace('<', '&lt;').replace('>', '&gt;')}</bdi>" in page) == named
    assert f'action="/accounts/{quote(account_id, safe="")}/feedback"' in page


def test_nothing_on_the_page_is_inline(anybody):
    page = anybody.get("/accounts/ant").text
    assert not re.search(r"\s(style|on\w+|hx-on\S*)=", page)
    assert re.findall(r"<script(?! src=)|<style", page) == []


def test_each_reading_leaves_one_row_for_the_audit(dana):
    audit = dana.app.state.access.audit
    audit.flush()
    before = entries(dana.store, limit=1000)
    for path in ("/accounts/ant", "/accounts/gone", "/accounts/never", "/accounts/moved"):
        dana.get(path)
    audit.flush()
    rows = entries(dana.store, limit=1000)
    fresh = [(row["action"], row["subject"]) for row in rows[: len(rows) - len(before)]]
    assert sorted(fresh) == [("explanation.read", "ant"), ("explanation.read", "gone")]


def test_the_page_brings_no_script_and_is_small_with_all_that_it_loads(anybody):
    page = anybody.get("/accounts/ant")
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    assert any("account.css" in place for place in loaded)
    assert not any(".js" in place for place in loaded)
    weight = len(page.content) + sum(len(anybody.get(place).content) for place in loaded)
    assert weight < 70_000  # of 120,000, most of which is left to accounts of whom more is known
