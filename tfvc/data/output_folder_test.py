import dataclasses
import shutil
from pathlib import Path

import pytest

from tfvc.common.errors import TfvcError
from tfvc.common.maker import Maker
from tfvc.data import prepare
from tfvc.data.conftest import EMBEDDER, SPEC, prepare_cheaply
from tfvc.data.output_folder import sole_user


def test_a_run_in_progress_keeps_others_out(corpus, tmp_path, no_workers):
    out = tmp_path / "out"
    with (
        sole_user(_made(out)),
        pytest.raises(TfvcError, match="being prepared by another process"),
    ):
        prepare_cheaply(corpus, out)


def test_another_spec_is_an_error_that_names_the_fields(corpus, prepared, tmp_path):
    other = dataclasses.replace(SPEC, hop=200, fmax=7600.0)
    with pytest.raises(TfvcError, match=r"mel hop: 256 != 200; mel fmax: 8000\.0 != 7600\.0") as caught:
        prepare(corpus, prepared, other, EMBEDDER)
    assert "\n" not in str(caught.value)
    with pytest.raises(TfvcError, match="mel hop: 256 != 200"):
        prepare(corpus, _interrupted(prepared, tmp_path), other, EMBEDDER)


@pytest.mark.parametrize(
    ("embedder", "words"),
    [
        (dataclasses.replace(EMBEDDER, maker=Maker("ge2e", "1" * 64)), r"spectrum \(0{12}\) != ge2e \(1{12}\)"),
        (dataclasses.replace(EMBEDDER, maker=Maker("spectrum", "1" * 64)), r"spectrum \(0{12}\) != spectrum \(1{12}\)"),
        (dataclasses.replace(EMBEDDER, size=32), r"embedding: \[16\] != \[32\]"),
        (None, r"embedding: spectrum \(0{12}\) != none"),
    ],
)
def test_another_encoder_is_an_error_that_names_both(corpus, prepared, tmp_path, embedder, words):
    for out in (prepared, _interrupted(prepared, tmp_path)):
        with pytest.raises(TfvcError, match=words):
            prepare_cheaply(corpus, out, embedder=embedder)


def test_a_damaged_description_is_one_line(corpus, prepared, tmp_path):
    out = _interrupted(prepared, tmp_path)
    (out / ".next/features.json").write_text("[")
    with pytest.raises(TfvcError, match=r"features.json is damaged: .* prepare it again"):
        prepare_cheaply(corpus, out)


def test_output_folders_that_will_not_do(corpus, tmp_path):
    with pytest.raises(TfvcError, match="inside the corpus"):
        prepare_cheaply(corpus, corpus / "anna/out")
    with pytest.raises(TfvcError, match="inside the corpus"):
        prepare_cheaply(corpus, corpus)
    (tmp_path / "file").write_text("")
    with pytest.raises(TfvcError, match="is a file"):
        prepare_cheaply(corpus, tmp_path / "file")
    with pytest.raises(TfvcError, match="cannot be used as output folder"):
        prepare_cheaply(corpus, tmp_path / "file/out")
    (_made(tmp_path / "photos") / "cat.jpg").write_text("")
    with pytest.raises(TfvcError, match=r"holds other things \(cat.jpg\)"):
        prepare_cheaply(corpus, tmp_path / "photos")
    with pytest.raises(TfvcError, match="jobs is 0"):
        prepare_cheaply(corpus, tmp_path / "out", jobs=0)


def _interrupted(prepared: Path, parent: Path) -> Path:
    """A folder in which a run like that of `prepared` was killed at its beginning."""
    shutil.copy(prepared / "features.json", _made(parent / "out/.next"))
    return parent / "out"


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
