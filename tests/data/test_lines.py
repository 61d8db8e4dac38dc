import csv
import io

import hypothesis.strategies as st
import pytest
from hypothesis import given

from data import lines
from data.errors import BadInputError
from data.lines import PROBLEMS, batches, read_header


def records(path):
    return [row for batch in batches(path, delimiter=",") for row in batch.to_pylist()]


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks so small that every boundary falls somewhere awkward."""
    monkeypatch.setattr(lines, "_BLOCK", 7)


FIELDS = st.text(alphabet='ab,"\n\r é', max_size=8)


@given(rows=st.lists(st.lists(FIELDS, min_size=2, max_size=4), min_size=1, max_size=8))
def test_well_formed_files_are_cut_as_the_csv_module_cuts_them(tmp_path_factory, rows):
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_bytes(stream.getvalue().encode())
    found = records(path)
    assert [r["problem"] for r in found] == [0] * len(rows)
    parsed = [next(csv.reader(io.StringIO(r["text"], newline=""))) for r in found]
    assert parsed == rows
    before = [0, *(stream.getvalue()[: _end(rows, i)].count("\n") for i in range(1, len(rows)))]
    assert [r["line"] for r in found] == [count + 1 for count in before]


def _end(rows, number):
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows[:number])
    return len(stream.getvalue())


@given(content=st.lists(st.sampled_from([b"a", b",", b'"', b"\n", b"\xff", b"\0"])).map(b"".join))
def test_no_byte_is_lost_whatever_the_file(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_bytes(content)
    found = records(path)
    text = "".join(r["text"] for r in found)
    assert len(text) == len(content)
    assert text.count("\n") == content.count(b"\n")
    assert [r["line"] for r in found] == sorted({r["line"] for r in found})


@pytest.mark.usefixtures("small_blocks")
def test_records_across_blocks_stay_whole(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes('k,t\n1,"a\nlong ""quoted""\ntext"\n2,é€é€é€é€\n3,x\n'.encode())
    assert [(r["line"], r["text"]) for r in records(path)] == [
        (1, "k,t\n"),
        (2, '1,"a\nlong ""quoted""\ntext"\n'),
        (5, "2,é€é€é€é€\n"),
        (6, "3,x\n"),
    ]


@pytest.mark.usefixtures("small_blocks")
def test_bytes_that_are_no_text_mark_their_line_alone(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"ok\n\xe9\xe8\nok\nnul\0\nok\n")
    assert [PROBLEMS[r["problem"]].split(";")[0] for r in records(path)] == [
        "",
        "not UTF-8",
        "",
        "NUL byte",
        "",
    ]


def test_a_record_without_end_does_not_fill_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "_BLOCK", 10)
    monkeypatch.setattr(lines, "_LONGEST", 40)
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\n" + b'1,"open\n' + b"2,x\n" * 40 + b"y" * 200 + b"\n3,z\n")
    found = records(path)
    assert PROBLEMS[found[1]["problem"]] == "bad quotes"
    assert sum(r["text"] == "2,x\n" and r["problem"] == 0 for r in found) == 40
    assert any(PROBLEMS[r["problem"]].startswith("longer") for r in found)
    assert found[-1]["text"] == "3,z\n"


@pytest.mark.parametrize(
    ("content", "names", "delimiter", "line"),
    [
        ("a,b\n", ("a", "b"), ",", 1),
        ("\n\na;b;c,d\n", ("a", "b", "c,d"), ";", 3),
        ("a\tb", ("a", "b"), "\t", 1),
        ('"a\nb",c\n', ("a\nb", "c"), ",", 2),
        (",b,\n", ("unnamed_1", "b", "unnamed_3"), ",", 1),
    ],
)
def test_header_gives_names_delimiter_and_line(tmp_path, content, names, delimiter, line):
    path = tmp_path / "x.csv"
    path.write_text(content, newline="")
    header = read_header(path, label="x.csv")
    assert (header.names, header.delimiter, header.line) == (names, delimiter, line)


def test_header_with_nul_bytes_is_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes("a,b\n".encode("utf-16-le"))
    with pytest.raises(BadInputError, match="got NUL bytes"):
        read_header(path, label="x.csv")
