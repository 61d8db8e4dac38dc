"""Files as they should not be: each gives the stated result, and the counts always add up."""

import gzip

import pytest

from data.errors import BadInputError

EVENTS = "account_id,occurred_at,feature,quantity,n_users\n"
GOOD = "a1,2024-02-01,export,1,2\n"


def events(*lines):
    return {"usage_events.csv": EVENTS + "".join(f"{line}\n" for line in lines)}


def test_columns_bind_by_name_when_they_are_swapped(landing):
    landed = landing({"usage_events.csv": "feature,account_id,occurred_at\nexport,a1,2024-02-01\n"})
    assert landed.column("usage_events", "account_id") == ["a1"]
    assert landed.column("usage_events", "feature") == ["export"]


def test_header_names_may_be_in_capitals_and_have_blanks_around_them(landing):
    landed = landing({"accounts.csv": "Account_ID, created_at \na1,2024-01-01\n"})
    assert landed.column("accounts", "account_id") == ["a1"]


def test_file_without_header_is_refused_and_says_what_it_got(landing):
    with pytest.raises(BadInputError, match=r"accounts.csv: expected .*account_id.*; got a1, 2024"):
        landing({"accounts.csv": "a1,2024-01-01\na2,2024-01-01\n"})


def test_missing_required_column_is_refused_by_name(landing):
    with pytest.raises(BadInputError, match=r"usage_events.csv: .*missing feature; got account_id"):
        landing({"usage_events.csv": "account_id,occurred_at\na1,2024-02-01\n"})


def test_column_that_comes_twice_is_refused(landing):
    with pytest.raises(BadInputError, match=r"accounts.csv: .*'created_at' 2 times"):
        landing({"accounts.csv": "account_id,created_at,Created_at\na1,2024-01-01,2024-01-01\n"})


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_empty_file_is_refused(landing, content):
    with pytest.raises(BadInputError, match=r"usage_events.csv: .*got an empty file"):
        landing({"usage_events.csv": content})


def test_header_without_rows_is_a_table_without_rows(landing):
    landed = landing({"tickets.csv": "ticket_id,account_id,opened_at\n"})
    assert landed.counts("tickets") == (0, 0, 0, 0)


def test_accounts_without_a_row_are_refused(landing):
    with pytest.raises(BadInputError, match="accounts: expected at least one row"):
        landing({"accounts.csv": "account_id,created_at\n"})


def test_byte_order_mark_is_no_part_of_the_first_name(landing):
    landed = landing({"accounts.csv": b"\xef\xbb\xbfaccount_id,created_at\na1,2024-01-01\n"})
    assert landed.column("accounts", "account_id") == ["a1"]


def test_latin_1_file_is_refused_and_told_to_be_utf_8(landing):
    names = "account_id,created_at,name\n" + "a1,2024-01-01,Müller\n" * 5
    with pytest.raises(BadInputError, match=r"not UTF-8; export the file as UTF-8.*line 2"):
        landing({"accounts.csv": names.encode("latin-1")}, max_bad=0.01)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_header_that_is_not_utf_8_is_refused(landing, encoding):
    header = "account_id,created_at,größe\na1,2024-01-01,1\n".encode(encoding)
    with pytest.raises(BadInputError, match=r"accounts.csv: expected"):
        landing({"accounts.csv": header})


def test_one_line_that_is_not_utf_8_costs_one_row(landing):
    content = b"account_id,created_at,name\na1,2024-01-01,M\xc3\xbcller\na2,2024-01-01,M\xfcller\n"
    landed = landing({"accounts.csv": content})
    assert landed.column("accounts", "name") == ["Müller"]
    assert [(b[0], b[3]) for b in landed.bad("accounts")] == [
        (3, "accounts.csv: not UTF-8; export the file as UTF-8")
    ]


def test_ragged_rows_are_quarantined_with_their_line(landing):
    landed = landing(events("a1,2024-02-01,export,1", GOOD.strip(), "a1,2024-02-01,export,1,2,3"))
    assert landed.counts("usage_events") == (3, 1, 0, 2)
    assert landed.bad("usage_events") == [
        (2, "", "a1,2024-02-01,export,1", "usage_events.csv: expected 5 fields, got 4"),
        (4, "", "a1,2024-02-01,export,1,2,3", "usage_events.csv: expected 5 fields, got 6"),
    ]


def test_a_stray_quote_costs_one_row_and_not_the_rest_of_the_file(landing):
    landed = landing(events('a1,2024-02-01,5" pipe,1,2', *["a1,2024-02-02,x,1,2"] * 3))
    assert landed.counts("usage_events") == (4, 3, 0, 1)
    assert landed.bad("usage_events")[0][0] == 2
    assert landed.bad("usage_events")[0][3] == "usage_events.csv: bad quotes"


def test_a_quote_that_never_closes_costs_one_row(landing):
    good = 'a1,2024-02-02,"x, ""y""",1,2'
    landed = landing(events(good, 'a1,2024-02-01,"open,1,2', good, good))
    assert landed.counts("usage_events") == (4, 3, 0, 1)
    assert landed.column("usage_events", "feature") == ['x, "y"'] * 3


def test_text_after_a_closing_quote_is_bad(landing):
    landed = landing(events('a1,2024-02-01,"x"y,1,2', GOOD.strip()))
    assert landed.bad("usage_events") == [
        (2, "", 'a1,2024-02-01,"x"y,1,2', "usage_events.csv: bad quotes")
    ]


def test_line_number_is_physical_after_quoted_line_breaks_and_blank_lines(landing):
    landed = landing(
        events('a1,2024-02-01,"two\nlines",1,2', "", 'a1,2024-02-01,"a\n\nb",1,2', "a1,never,x,1,2")
    )
    assert landed.bad("usage_events") == [(8, "occurred_at", "never", "not a time")]
    assert landed.column("usage_events", "feature") == ["two\nlines", "a\n\nb"]


def test_carriage_returns_belong_to_the_line_end(landing):
    landed = landing(
        {"accounts.csv": "account_id,created_at,name\r\na1,2024-01-01,A\r\nx,bad,B\r\n"}
    )
    assert landed.column("accounts", "name") == ["A"]
    assert landed.bad("accounts") == [(3, "created_at", "bad", "not a time")]


def test_last_line_may_lack_its_end(landing):
    assert landing({"accounts.csv": "account_id,created_at\na1,2024-01-01"}).counts("accounts") == (
        (1, 1, 0, 0)
    )


def test_nul_byte_costs_its_row(landing):
    landed = landing(events("a1,2024-02-01,ex\0port,1,2", GOOD.strip()))
    assert landed.bad("usage_events") == [
        (2, "", "a1,2024-02-01,ex?port,1,2", "usage_events.csv: NUL byte")
    ]


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [
        ("inf", "not a finite number"),
        ("-Infinity", "not a finite number"),
        ("nan", "not a finite number"),
        ("1e999", "not a finite number"),
        ("12,5", None),
        ("ten", "not a number"),
        ("-1", "below 0"),
    ],
)
def test_numbers_that_are_none_are_quarantined(landing, quantity, reason):
    landed = landing(events(f'a1,2024-02-01,export,"{quantity}",2', GOOD.strip()))
    assert landed.bad("usage_events") == [(2, "quantity", quantity, reason or "not a number")]


@pytest.mark.parametrize(
    ("users", "reason"),
    [
        ("5.7", "not a whole number"),
        ("99999999999999999999", "too large"),
        ("1e999", "not a finite number"),
        ("-3", "below 0"),
        ("few", "not a number"),
    ],
)
def test_whole_numbers_that_are_none_are_quarantined_and_never_rounded(landing, users, reason):
    landed = landing(events(f"a1,2024-02-01,export,1,{users}", GOOD.strip()))
    assert landed.bad("usage_events") == [(2, "n_users", users, reason)]


def test_whole_numbers_written_as_decimals_are_accepted(landing):
    landed = landing(events("a1,2024-02-01,export,1,5.0", "a1,2024-02-01,export,1,1e3"))
    assert landed.column("usage_events", "n_users") == ["5", "1000"]


def test_offsets_are_honoured_and_times_become_naive_utc(landing):
    landed = landing(
        events(
            "a1,2024-02-01T05:00:00+05:30,x,,",
            "a1,2024-02-01 05:00:00Z,x,,",
            "a1,2024-02-01T05:00:00-0800,x,,",
        )
    )
    assert landed.column("usage_events", "occurred_at") == [
        "2024-01-31 23:30:00",
        "2024-02-01 05:00:00",
        "2024-02-01 13:00:00",
    ]
    assert landed.rows("usage_events")["occurred_at"].dt.tz is None


DST = """
timezone: Europe/Berlin
tables:
  accounts: {from: accounts, columns: {account_id: account_id, created_at: created_at}}
  usage_events:
    from: usage_events
    columns: {account_id: account_id, occurred_at: occurred_at, feature: feature}
"""


def test_nights_of_the_clock_change_are_read_by_the_declared_rule(landing):
    # Berlin, 31 March 2024: 02:00 to 03:00 never was. 27 October: 02:00 to 03:00 came twice.
    nights = {
        "2024-03-31 01:59:00": "2024-03-31 00:59:00",
        "2024-03-31 02:30:00": "2024-03-31 01:30:00",
        "2024-03-31 03:30:00": "2024-03-31 01:30:00",
        "2024-10-27 01:30:00": "2024-10-26 23:30:00",
        "2024-10-27 02:30:00": "2024-10-27 01:30:00",
        "2024-10-27 02:30:00+02:00": "2024-10-27 00:30:00",
    }
    landed = landing(events(*(f"a1,{local},{i},," for i, local in enumerate(nights))), mapping=DST)
    rows = landed.rows("usage_events").sort_values("feature")
    assert rows["occurred_at"].astype(str).tolist() == list(nights.values())


def test_times_without_zone_are_utc_on_such_nights(landing):
    landed = landing(events("a1,2024-03-31 02:30:00,x,,"))
    assert landed.column("usage_events", "occurred_at") == ["2024-03-31 02:30:00"]


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("1989-12-31", "not between 1990-01-01 and 2100-01-01"),
        ("2100-01-01", "not between 1990-01-01 and 2100-01-01"),
        ("infinity", "not between 1990-01-01 and 2100-01-01"),
        ("2024-02-30", "not a time"),
        ("01/02/2024", "not a time"),
        ("", "missing"),
    ],
)
def test_times_that_cannot_be_are_quarantined(landing, time, reason):
    landed = landing(events(f"a1,{time},export,1,2", GOOD.strip()))
    assert landed.bad("usage_events") == [(2, "occurred_at", time, reason)]


def test_every_bad_value_of_a_row_is_told_and_the_row_counts_once(landing):
    landed = landing(events("a1,never,,inf,5.7", GOOD.strip()))
    assert landed.counts("usage_events") == (2, 1, 0, 1)
    assert {(line, column) for line, column, _, _ in landed.bad("usage_events")} == {
        (2, "occurred_at"),
        (2, "feature"),
        (2, "quantity"),
        (2, "n_users"),
    }


def test_ids_keep_their_zeros_and_may_not_be_endless(landing):
    rows = f"007,2024-01-01\na1,2024-01-01\n{'9' * 129},2024-01-01\n"
    landed = landing({"accounts.csv": f"account_id,created_at\n{rows}"})
    assert landed.column("accounts", "account_id") == ["007", "a1"]
    assert landed.bad("accounts")[0][:2] == (4, "account_id")
    assert landed.bad("accounts")[0][3] == "longer than 128 characters"


def test_choices_are_matched_whatever_their_case_and_blanks(landing):
    table = "interaction_id,account_id,occurred_at,direction\n"
    rows = "i1,a1,2024-02-01,Inbound \ni2,a1,2024-02-01,OUTBOUND\ni3,a1,2024-02-01,sideways\n"
    landed = landing({"interactions.csv": table + rows})
    assert landed.column("interactions", "direction") == ["inbound", "outbound"]
    assert landed.bad("interactions") == [
        (4, "direction", "sideways", "not one of inbound, outbound")
    ]


def test_exact_repeats_of_a_keyed_row_are_duplicates(landing):
    content = "account_id,created_at,name\n" + "a1,2024-01-01,A\n" * 3
    assert landing({"accounts.csv": content}).counts("accounts") == (3, 1, 2, 0)


def test_of_rows_with_one_key_the_newest_known_wins_and_the_rest_is_a_conflict(landing):
    table = "ticket_id,account_id,opened_at,category,known_at\n"
    rows = (
        "t1,a1,2024-02-01,new,2024-03-01\nt1,a1,2024-02-01,old,2024-02-01\n"
        "t1,a1,2024-02-01,new,2024-03-01\n"
    )
    landed = landing({"tickets.csv": table + rows})
    assert landed.column("tickets", "category") == ["new"]
    assert landed.counts("tickets") == (3, 1, 1, 1)
    assert landed.bad("tickets") == [
        (3, "ticket_id", "t1", "same key as another row, with other content")
    ]


def test_of_rows_known_at_the_same_time_the_last_of_the_file_wins(landing):
    content = "account_id,created_at,name\na1,2024-01-01,A\na1,2024-01-01,B\n"
    landed = landing({"accounts.csv": content})
    assert landed.column("accounts", "name") == ["B"]
    assert landed.bad("accounts")[0][:3] == (2, "account_id", "a1")


def test_events_have_no_key_so_repeats_count(landing):
    assert landing(events(*[GOOD.strip()] * 3)).counts("usage_events") == (3, 3, 0, 0)


def test_formulas_in_the_quarantine_do_not_run_and_numbers_stay(landing):
    landed = landing(events("a1,2024-02-01,x,=1+1,-3", GOOD.strip()))
    assert [value for _, _, value, _ in landed.bad("usage_events")] == ["-3", "'=1+1"]


def test_packed_files_and_other_delimiters_are_read(landing):
    packed = gzip.compress(b"ticket_id;account_id;opened_at\nt1;a1;2024-02-01\n")
    landed = landing({"tickets.csv.gz": packed})
    assert landed.counts("tickets") == (1, 1, 0, 0)


def test_broken_packed_file_is_refused(landing):
    with pytest.raises(BadInputError, match=r"tickets.csv.gz: expected a gzip file"):
        landing({"tickets.csv.gz": b"ticket_id,account_id"})


def test_broken_parquet_file_is_refused(landing):
    with pytest.raises(BadInputError, match=r"tickets.parquet: expected a Parquet file"):
        landing({"tickets.parquet": b"PAR1 no more"})


def test_blanks_around_values_are_no_part_of_them(landing):
    landed = landing(
        events("\u00a0a1 , 2024-02-01\t,\tan export ,\u00a0 1, 2 ", "a1,2024-02-01, ,1,2")
    )
    assert landed.column("usage_events", "account_id") == ["a1"]
    assert landed.column("usage_events", "feature") == ["an export"]
    assert landed.column("usage_events", "quantity") == ["1.0"]
    assert landed.bad("usage_events") == [(3, "feature", "", "missing")]
