"""Trained weights that a run begins with: fine-tuning."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tfvc.models.locations import find_preset


@dataclass(frozen=True)
class Start:
    """Trained networks of a vocoder that a run goes on from.

    Attributes:
        generator: folder of its preset.
        discriminator: folder of its preset; None begins with a fresh one.
    """

    generator: Path
    discriminator: Path | None

    @classmethod
    def find(cls, name_or_path: str) -> Self:
        """The networks in a generator's preset, or both in the folder of a run, `preset/` and `discriminator/`.

        Raises:
            TfvcError: if there is no such preset.
        """
        run = Path(name_or_path)
        if not (run / "preset" / "config.json").is_file():
            return cls(find_preset(name_or_path), None)
        discriminator = run / "discriminator"
        return cls(run / "preset", discriminator if (discriminator / "config.json").is_file() else None)

    @property
    def label(self) -> str:
        """What records call it: the last two folders, since a run's preset is always `preset`."""
        return "/".join(self.generator.resolve().parts[-2:])
