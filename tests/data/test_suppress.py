"""Who was erased does not come back with the next load, and nobody else's rows change by it."""

import pytest
from pandas.testing import assert_frame_equal

from data.errors import BadInputError
from data.suppress import suppress, suppressed

GONE, PERSON = "northwind-7", "mia.berg@northwind.example"
FILES = {
    "accounts.csv": f"""account_id,created_at,name,parent_account_id
a1,2024-01-01,Ant,
a2,2024-01-01,Bee,{GONE}
{GONE},2024-01-01,Northwind,a1
""",
    "account_changes.csv": f"""account_id,field,value,valid_from
a1,parent_account_id,{GONE},2024-02-01
a1,segment,{GONE},2024-02-01
{GONE},segment,large,2024-02-01
""",
    "contacts.csv": f"""contact_id,account_id,joined_at,name
{PERSON},a1,2024-01-01,Mia Berg
c2,a1,2024-01-01,Otto
c3,{GONE},2024-01-01,Nils Gren
""",
    "usage_events.csv": f"""account_id,occurred_at,feature,contact_id
a1,2024-02-01,export,{PERSON}
a1,2024-02-02,export,c2
{GONE},2024-02-03,export,c3
""",
    "feedback.csv": f"""feedback_id,account_id,said_at,text,contact_id
f1,a1,2024-02-01,I shall leave in May,{PERSON}
f2,a1,2024-02-01,All well,c2
f3,{GONE},2024-02-01,We are moving away,
""",
    "tickets.csv": f"""ticket_id,account_id,opened_at,csat,contact_id,subject,body
t1,a1,2024-02-01,5,{PERSON},Mia cannot sign in,Please help me
t2,{GONE},some time in spring,5,,,
t3,{GONE},2024-02-01,eleven,,,
t4,a2,2024-02-02,twelve,,,
t5,{GONE},2024-02-01,4,{PERSON},,It is slow
t5,{GONE},2024-02-01,3,,,
t6,a1,2024-02-01,5,c2,Invoice,Where is it?
""",
    "interactions.csv": f"""interaction_id,account_id,occurred_at,direction,contact_id,note
i1,a1,2024-02-01,inbound,{PERSON},Mia wants to leave
i2,a1,2024-02-01,inbound,,They use it daily
i3,{GONE},2024-02-01,inbound,c3,They go
""",
}
# The same firm as if neither had ever been there.
WITHOUT = {
    "accounts.csv": "account_id,created_at,name,parent_account_id\na1,2024-01-01,Ant,\n"
    "a2,2024-01-01,Bee,\n",
    "account_changes.csv": f"account_id,field,value,valid_from\na1,segment,{GONE},2024-02-01\n",
    "contacts.csv": "contact_id,account_id,joined_at,name\nc2,a1,2024-01-01,Otto\n",
    "usage_events.csv": "account_id,occurred_at,feature,contact_id\na1,2024-02-01,export,\n"
    "a1,2024-02-02,export,c2\n",
    "feedback.csv": "feedback_id,account_id,said_at,text,contact_id\n"
    "f2,a1,2024-02-01,All well,c2\n",
    "tickets.csv": "ticket_id,account_id,opened_at,csat,contact_id,subject,body\n"
    "t1,a1,2024-02-01,5,,,\nt4,a2,2024-02-02,twelve,,,\n"
    "t6,a1,2024-02-01,5,c2,Invoice,Where is it?\n",
    "interactions.csv": "interaction_id,account_id,occurred_at,direction,contact_id,note\n"
    "i1,a1,2024-02-01,inbound,,\ni2,a1,2024-02-01,inbound,,They use it daily\n",
}


def test_nothing_of_the_erased_is_landed_or_quarantined_and_others_are_as_without_them(
    landing, workspace
):
    landed = landing(WITHOUT)
    wanted = {table.name: landed.rows(table.name) for table in landed.report.tables}
    suppress(workspace, "account", GONE)
    suppress(workspace, "contact", PERSON)
    landed = landing(FILES)
    for name, rows in wanted.items():
        assert_frame_equal(landed.rows(name), rows)
    assert f"{landed.report.data_until:%F}" == "2024-02-02"
    found = {t.name: (t.read, t.kept, t.suppressed) for t in landed.report.tables}
    assert found == {
        "accounts": (3, 2, 1),
        "account_changes": (3, 1, 2),
        "contacts": (3, 1, 2),
        "usage_events": (3, 2, 1),
        "feedback": (3, 1, 2),
        "interactions": (3, 2, 1),
        "tickets": (7, 2, 4),
    }
    assert landed.bad("tickets") == [(5, "csat", "twelve", "not a number")]
    lines = list(landed.report.lines())
    assert "tickets: read 7 = kept 2 + duplicate 0 + quarantined 1 + suppressed 4" in lines


def test_a_record_that_cannot_be_cut_is_quarantined_without_its_words(landing, workspace):
    broken = f"{FILES['feedback.csv']}f4,a1,2024-02-01,one,two,three,{GONE} is angry\n"
    assert landing({"feedback.csv": broken}).bad("feedback")[-1][2]
    suppress(workspace, "account", GONE)
    landed = landing({"feedback.csv": broken})
    assert [(line, value) for line, _, value, _ in landed.bad("feedback")] == [(5, "")]
    assert not any(GONE in path.read_text() for path in workspace.quarantine.iterdir())


def test_the_list_names_nobody_and_only_its_owner_reads_it(landing, workspace):
    landing(FILES)
    first = suppress(workspace, "account", GONE)
    again = suppress(workspace, "contact", PERSON)
    [path] = workspace.root.glob("suppressed*")
    assert path.stat().st_mode & 0o777 == 0o600
    assert GONE not in path.read_text()
    assert PERSON not in path.read_text()
    assert suppressed(workspace) == again
    assert again.secret == first.secret
    assert again.holds("account", GONE)
    assert not again.holds("contact", GONE)


def test_nothing_is_landed_without_a_list_that_can_be_read(landing, workspace):
    before = landing(FILES).workspace.manifest()
    suppress(workspace, "account", GONE)
    path = workspace.root / "suppressed.json"
    path.write_text(path.read_text()[:40])
    with pytest.raises(BadInputError, match="erase again"):
        landing(WITHOUT)
    assert workspace.manifest() == before
