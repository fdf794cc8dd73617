"""A vocoder of somebody else: imported, converted with, listed, proved, and diagnosed by the installed tfvc."""

import json
import shutil
from pathlib import Path

import pytest

from parity_tests.shipping.building import REPOSITORY, build
from parity_tests.shipping.environment import Environment

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent

CHECKPOINT = """
import dataclasses, sys, torch
from wavenext.config import WaveNeXtConfig
from wavenext.torch_model import WaveNeXt
torch.manual_seed(0)
sizes = dataclasses.asdict(WaveNeXtConfig.from_name("{name}"))
torch.save(WaveNeXt(**sizes).state_dict(), "{name}.pt")
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """tfvc and the package, installed from their wheels."""
    root = tmp_path_factory.mktemp("outside")
    wheels = [build("wheel", REPOSITORY, root / "tfvc"), build("wheel", HERE / "package", root / "wavenext")]
    return Environment.borrowing(root / "environment", wheels, torch=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the commands run."""
    return tmp_path_factory.mktemp("folder")


@pytest.fixture(scope="module")
def presets(environment, folder):
    """The vocoder of 22 kHz and that of 24 kHz, imported from PyTorch's files."""
    for name in ("small", "small_24k"):
        environment.evaluate(CHECKPOINT.format(name=name), folder)
        done = environment.tfvc(
            "import-torch", "wavenext", f"{name}.pt", "--preset", name, "--out", f"presets/{name}", cwd=folder
        )
        assert "27 tensors" in done.stdout
    return folder / "presets"


@pytest.fixture(scope="module")
def recordings(environment):
    return environment.packages / "tfvc" / "demo"


def test_no_file_of_tfvc_knows_the_package():
    files = [REPOSITORY / "pyproject.toml", *(REPOSITORY / "tfvc").rglob("*.py")]
    assert [path for path in files if "wavenext" in path.read_text(encoding="utf-8").lower()] == []


def test_its_checkpoint_comes_in_and_goes_out_bit_for_bit(environment, folder, presets):
    environment.tfvc("export-torch", presets / "small", "--out", "again.pt", cwd=folder)
    same = """
import torch
first, again = (torch.load(name, weights_only=True) for name in ("small.pt", "again.pt"))
print(list(first) == list(again) and all(torch.equal(first[key], again[key]) for key in first))
"""
    assert environment.evaluate(same, folder) == "True\n"


def test_info_knows_its_network_and_its_mel_spec(environment, folder, presets):
    shown = environment.tfvc("info", presets / "small_24k", cwd=folder).stdout
    rows = dict(line.split(maxsplit=1) for line in shown.splitlines())
    assert (rows["model"], rows["mel"], rows["config.blocks"]) == ("wavenext", "wavenext_24k", "2")


def test_it_converts(environment, folder, presets, recordings, ge2e):
    source, target = recordings / "source.wav", recordings / "target.wav"
    environment.tfvc("convert", source, target, "--out", "x.wav", "--vocoder", presets / "small", cwd=folder)
    assert (folder / "x.wav").stat().st_size > 10_000


def test_it_vocodes_at_its_own_rate(environment, folder, presets, recordings):
    command = ["vocode", recordings / "source.wav", "--out", "y.wav", "--vocoder", presets / "small_24k"]
    environment.tfvc(*command, cwd=folder)
    rate = "import soundfile; print(soundfile.info('y.wav').samplerate)"
    assert environment.evaluate(rate, folder) == "24000\n"


def test_help_names_it(environment, folder):
    assert "wavenext" in environment.tfvc("import-torch", "--help", cwd=folder).stdout


def test_its_case_is_listed_and_passes(environment, folder):
    assert "wavenext_small " in environment.tfvc("parity", "list", cwd=folder).stdout
    environment.tfvc("parity", "run", "wavenext_small", "--steps", 2, cwd=folder)


def test_its_hypothesis_names_the_mistake(environment, folder):
    shutil.copy(HERE / "mistaken.py", folder)
    command = ["parity", "run", "mistaken:case", "--phase", "forward", "--json", "report.json"]
    environment.tfvc(*command, cwd=folder, code=1)
    [report] = json.loads((folder / "report.json").read_text())
    found = [(one["culprit"], one["hypothesis"]) for one in report["diagnoses"]]
    assert found == [("blocks.0.scale", "layer scale"), ("blocks.1.scale", "layer scale")]
