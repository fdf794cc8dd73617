"""The wheel and the sdist, and the wheel in use without PyTorch and far from the repository."""

from pathlib import Path

import pytest

from parity_tests.shipping import newcomer
from parity_tests.shipping.building import REPOSITORY, build, contents, unpacked
from parity_tests.shipping.environment import Environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build("wheel", REPOSITORY, tmp_path_factory.mktemp("wheel"))


def files_below(folder: str, into: str) -> dict[str, bytes]:
    """The files of a folder of the repository, by their path in the wheel."""
    root = REPOSITORY / folder
    paths = [path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {f"{into}/{path.relative_to(root).as_posix()}": path.read_bytes() for path in paths}


def is_test(path: str) -> bool:
    return path.endswith(("_test.py", "conftest.py")) or path == "tfvc/testing.py"


def test_the_wheel_is_tfvc_with_its_presets_and_references_and_no_test(wheel):
    found = {path: data for path, data in contents(wheel).items() if ".dist-info/" not in path}
    package = {path: data for path, data in files_below("tfvc", "tfvc").items() if not is_test(path)}
    presets = files_below("checkpoints", "tfvc/checkpoints")
    presets = {path: data for path, data in presets.items() if path.count("/") > 2}  # figures are not of a preset
    references = files_below("torch_ref", "tfvc/cases/torch_ref")
    left_out = ("tfvc/cases/torch_ref/recipes/", "tfvc/cases/torch_ref/train_")
    references = {path: data for path, data in references.items() if not (is_test(path) or path.startswith(left_out))}
    assert found == package | presets | references
    assert {path.split("/")[2] for path in presets} >= {"autovc_small", "hifigan_small", "melgan_small"}
    assert "tfvc/cases/torch_ref/hifigan/generator.py" in references


def test_the_sdist_builds_the_same_wheel(wheel, tmp_path):
    project = unpacked(build("sdist", REPOSITORY, tmp_path / "sdist"), tmp_path / "unpacked")
    assert contents(build("wheel", project, tmp_path / "again")) == contents(wheel)


def test_a_newcomer_without_torch_converts_prepares_and_trains(wheel, ge2e, tmp_path):
    environment = Environment.borrowing(tmp_path / "environment", [wheel], torch=False)
    folder = tmp_path / "empty"
    folder.mkdir()
    newcomer.use(environment, folder)


def test_the_references_come_from_inside_the_package(wheel, tmp_path):
    environment = Environment.borrowing(tmp_path / "environment", [wheel], torch=True)
    place = "from tfvc.cases.reference import reference; print(reference('hifigan').__file__)"
    assert Path(environment.evaluate(place, tmp_path).strip()).is_relative_to(environment.packages / "tfvc" / "cases")
    assert "equal" in environment.tfvc("parity", "run", "weight_norm", "--phase", "forward", cwd=tmp_path).stdout
