import pytest

from tfvc.common.errors import TfvcError
from tfvc.common.json_file import read_object, write_object


def test_what_is_written_is_read(tmp_path):
    content = {"name": "größe", "values": [1, 2.5, None], "deep": {"a": True}}
    write_object(tmp_path / "a.json", content)
    assert read_object(tmp_path / "a.json", "anything") == content
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "missing; expected a letter"),
        (b"{", "not a letter, no JSON"),
        (b"\xff", "not a letter, no JSON"),
        (b"[" * 100_000, "not a letter, no JSON"),
        (b"[1]", "not a letter, which is one JSON object"),
    ],
)
def test_anything_else_is_refused_in_one_line(tmp_path, content, words):
    if content is not None:
        (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(TfvcError, match=words) as refusal:
        read_object(tmp_path / "a.json", "a letter")
    assert str(refusal.value).startswith(f"{tmp_path / 'a.json'}: ")
    assert "\n" not in str(refusal.value)


def test_a_folder_in_its_place_is_refused(tmp_path):
    with pytest.raises(TfvcError, match="cannot be read"):
        read_object(tmp_path, "a letter")
