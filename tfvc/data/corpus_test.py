import os
from pathlib import Path

import pytest

from tfvc.common.errors import TfvcError
from tfvc.data.corpus import scan


def make(corpus: Path, *files: str) -> None:
    for file in files:
        (corpus / file).parent.mkdir(parents=True, exist_ok=True)
        (corpus / file).write_bytes(file.encode())


def files(corpus: Path) -> list[str]:
    return [source.file for source in scan(corpus)]


def test_takes_the_four_formats_in_any_case_below_speakers_in_order(tmp_path):
    make(tmp_path, "s2/b.ogg", "s2/a.MP3", "s1/x/y/z.Flac", "s1/k.wav", "s1/notes.txt", "s10/q.wav")
    assert files(tmp_path) == ["s1/k.wav", "s1/x/y/z.Flac", "s10/q.wav", "s2/a.MP3", "s2/b.ogg"]
    deep = scan(tmp_path)[1]
    assert (deep.speaker, deep.id, deep.refusal) == ("s1", "s1/x/y/z", None)
    assert deep.bytes == len("s1/x/y/z.Flac")
    assert deep.mtime_ns == (tmp_path / "s1/x/y/z.Flac").stat().st_mtime_ns


def test_leaves_hidden_files_and_folders_out(tmp_path):
    make(tmp_path, "s/a.wav", "s/._a.wav", ".cache/b.wav", "s/.old/c.wav")
    assert files(tmp_path) == ["s/a.wav"]


def test_follows_links_but_not_in_circles(tmp_path):
    make(tmp_path, "elsewhere/a.wav", "corpus/s/b.wav")
    (tmp_path / "corpus/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "corpus/s/round").symlink_to(tmp_path / "corpus")
    assert files(tmp_path / "corpus") == ["linked/a.wav", "s/b.wav"]


def test_refuses_files_without_speaker_and_taken_names(tmp_path):
    make(tmp_path, "s/a.wav", "s/a.flac", "top.wav")
    refusals = {source.file: source.refusal for source in scan(tmp_path)}
    assert refusals["s/a.flac"] is None
    assert "s/a.flac" in refusals["s/a.wav"]
    assert "outside any speaker folder" in refusals["top.wav"]


def test_a_dangling_link_is_listed_so_that_reading_reports_it(tmp_path):
    make(tmp_path, "s/a.wav")
    (tmp_path / "s/b.wav").symlink_to(tmp_path / "nowhere")
    assert [(source.file, source.bytes) for source in scan(tmp_path)] == [("s/a.wav", 7), ("s/b.wav", 0)]


@pytest.mark.parametrize("content", [[], ["readme.txt"], ["a.wav", "b.wav"], ["s/readme.txt"]])
def test_a_folder_without_speakers_is_an_error_of_one_line(tmp_path, content):
    make(tmp_path, *content)
    with pytest.raises(TfvcError, match="no audio in speaker folders") as caught:
        scan(tmp_path)
    assert "\n" not in str(caught.value)


def test_no_folder_is_an_error(tmp_path):
    with pytest.raises(TfvcError, match="not a folder"):
        scan(tmp_path / "absent")


def test_names_that_are_no_utf8_are_kept(tmp_path):
    (tmp_path / "s").mkdir()
    name = os.fsencode(tmp_path) + b"/s/\xff.wav"
    with open(name, "wb") as stream:
        stream.write(b"x")
    assert scan(tmp_path)[0].bytes == 1
