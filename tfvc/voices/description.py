"""`voice.json`: which parts a voice is made of.

```
{"voice": "autovc",
 "parts": {"model": {"preset": ".", "sha256": "..."},
           "speaker_encoder": {"preset": "ge2e", "sha256": "..."},
           "vocoder": {"preset": "griffin-lim", "sha256": null}}}
```

A preset is a folder relative to the file's, or a name; the hash is that of its weights (`tfvc.weights.weights_sha256`),
null for what has none, or for any preset of that name.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from tfvc.common.errors import TfvcError
from tfvc.common.json_file import read_object, write_object
from tfvc.models.load import load_preset
from tfvc.weights import weights_sha256

FILE = "voice.json"
MODEL = "model"


@dataclass(frozen=True)
class Part:
    """A part of a voice.

    Attributes:
        preset: a folder relative to that of the voice, or a name.
        sha256: of its weights; None if they do not matter.
    """

    preset: str
    sha256: str | None

    def locate(self, folder: Path) -> str:
        """The preset as it is found from a voice in this folder."""
        return str(folder / self.preset) if (folder / self.preset / "config.json").is_file() else self.preset

    def check(self, folder: Path, name: str) -> None:
        """Raises TfvcError, naming the part, if its weights are others."""
        if self.sha256 is None:
            return
        found = weights_sha256(load_preset(self.locate(folder)))
        if found != self.sha256:
            raise TfvcError(
                f"{folder / FILE}: the {name} {self.preset} has other weights (sha256 {found[:12]}) than those of the "
                f"voice ({self.sha256[:12]}); get those, or name another part on the command line"
            )

    @classmethod
    def of(cls, preset: str | os.PathLike, folder: Path, weights: bool) -> Self:
        """The part of a voice in `folder` that is this preset; `weights` says whether it has any."""
        text = os.fspath(preset)
        if (Path(text) / "config.json").is_file():
            text = Path(os.path.relpath(text, folder)).as_posix()
        return cls(text, weights_sha256(load_preset(preset)) if weights else None)


@dataclass(frozen=True)
class Description:
    """What `voice.json` says.

    Attributes:
        family: whose voice it is.
        parts: by name, `model` among them.
    """

    family: str
    parts: Mapping[str, Part]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads the file in a folder. Raises TfvcError, naming the field, for anything that `write` does not write."""
        path = folder / FILE
        content = read_object(path, "the description of a voice")
        family, parts = content.get("voice"), content.get("parts")
        if content.keys() != {"voice", "parts"} or not isinstance(family, str) or not isinstance(parts, dict):
            raise TfvcError(f"{path}: expected {{'voice': a family, 'parts': {{name: ...}}}}")
        if MODEL not in parts:
            raise TfvcError(f"{path}: 'parts' has no {MODEL!r}")
        return cls(family, {name: _part(value, f"{path}: {name}") for name, value in parts.items()})

    def write(self, folder: Path) -> None:
        """Writes the file into a folder, all or nothing."""
        parts = {name: asdict(part) for name, part in self.parts.items()}
        write_object(folder / FILE, {"voice": self.family, "parts": parts})


def _part(content: Any, where: str) -> Part:
    if not isinstance(content, dict) or content.keys() != {"preset", "sha256"}:
        raise TfvcError(f"{where}: expected {{'preset': ..., 'sha256': ...}}, received {content!r}")
    preset, digest = content["preset"], content["sha256"]
    if not isinstance(preset, str) or not (digest is None or isinstance(digest, str)):
        raise TfvcError(f"{where}: preset must be a text and sha256 a text or null, received {content!r}")
    return Part(preset, digest)
