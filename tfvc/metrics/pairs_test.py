import pytest

from tfvc.common.errors import TfvcError
from tfvc.metrics.pairs import Pair, pair_paths, read_pairs


@pytest.fixture
def folders(tmp_path):
    for name in ("ref/a/1.wav", "ref/2.flac", "ref/3.wav", "hyp/a/1.wav", "hyp/2.WAV", "hyp/._2.WAV", "hyp/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_folders_are_paired_by_path(folders):
    pairs = pair_paths(folders / "ref", folders / "hyp")
    expected = [("2.flac", "2.WAV"), ("a/1.wav", "a/1.wav")]
    assert pairs == [Pair(folders / "ref" / one, folders / "hyp" / other) for one, other in expected]


def test_what_has_no_partner_is_named(folders):
    (folders / "hyp/4.wav").touch()
    with pytest.raises(TfvcError, match=r"hyp/4\.wav: has no reference"):
        pair_paths(folders / "ref", folders / "hyp")
    (folders / "ref/4.ogg").touch()
    (folders / "ref/4.mp3").touch()
    with pytest.raises(TfvcError, match="same name"):
        pair_paths(folders / "ref", folders / "hyp")
    with pytest.raises(TfvcError, match="two files or two folders"):
        pair_paths(folders / "ref/3.wav", folders / "hyp")
    with pytest.raises(TfvcError, match="no such file"):
        pair_paths(folders / "none", folders / "hyp")


def test_lists_are_read_relative_to_themselves(tmp_path):
    (tmp_path / "pairs.csv").write_text("hypothesis,reference,source\nout/x.wav,x.wav,\n/y.wav,ref/y.wav,z.wav\n")
    assert read_pairs(tmp_path / "pairs.csv") == [
        Pair(tmp_path / "x.wav", tmp_path / "out/x.wav"),
        Pair(tmp_path / "ref/y.wav", tmp_path.joinpath("/y.wav"), tmp_path / "z.wav"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "columns are missing"),
        ("reference,other\na,b\n", "columns are reference, other"),
        ("reference,hypothesis\n", "no pairs"),
        ("reference,hypothesis\na.wav\n", "line 2"),
        ("reference,hypothesis\na.wav,b.wav\na,b,c\n", "line 3"),
    ],
)
def test_lists_that_are_none_are_refused(tmp_path, text, words):
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(TfvcError, match=words):
        read_pairs(tmp_path / "pairs.csv")
