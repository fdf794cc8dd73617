"""What the sections of a protocol share: the checkpoints, the corpora, and the recordings already read."""

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from tfvc.audio import MelSpec, Recording, write
from tfvc.common.errors import TfvcError
from tfvc.data.corpus import scan
from tfvc.metrics import Evaluation
from tfvc.models.locations import find_preset
from tfvc.voices.converter import Conversion, VoiceConverter
from tfvc.voices.vocoders import GRIFFIN_LIM, Vocoder, load_vocoder


class Experiment:
    """The checkpoints of a protocol and what they are tried on.

    Args:
        model, vocoder: of the conversions; names or folders of presets.
        data: folder of the corpora.
        out: folder for the sound.
        seed: of what is drawn.
    """

    def __init__(self, model: str, vocoder: str, data: Path, out: Path, seed: int):
        self.model, self.vocoder, self.data, self.out, self.seed = model, vocoder, data, out, seed
        self.converter = VoiceConverter.from_preset(model, vocoder)
        self.encoder = self.converter.speaker_encoder
        self.spec: MelSpec = self.converter.model.mel_spec
        self.read = functools.cache(Recording.read)
        self.load_vocoder = functools.cache(self._load_vocoder)

    def evaluation(self, *metrics: str, same_timing: bool, mel_spec: MelSpec | None = None) -> Evaluation:
        """What measures these; mels are those of the model if nothing else is said."""
        return Evaluation(metrics, same_timing, mel_spec or self.spec, self.encoder)

    def speakers(self, corpus: str) -> dict[str, list[Path]]:
        """Speaker -> recordings of a corpus, sorted.

        Raises:
            TfvcError: if the corpus is not there.
        """
        folder = self.data / corpus
        found: dict[str, list[Path]] = {}
        for source in scan(folder):
            if source.refusal is None:
                found.setdefault(source.speaker, []).append(folder / source.file)
        return found

    def unknown_speakers(self, presets: tuple[str, ...], corpus: str, named: tuple[str, ...]) -> dict[str, list[Path]]:
        """The speakers of a corpus that are named or, if none is, that the training of no preset has seen.

        Raises:
            TfvcError: if a preset does not say whom its training left out, a speaker is not in the corpus, or none is
                left.
        """
        everyone = self.speakers(corpus)
        if missing := sorted(set(named) - everyone.keys()):
            raise TfvcError(f"{self.data / corpus}: has no speaker {missing[0]!r}, whom the protocol names")
        wanted = set(named) or set.intersection(set(everyone), *(held_out(p) for p in presets if p != GRIFFIN_LIM))
        if not wanted:
            raise TfvcError(
                f"{self.data / corpus}: has no speaker who was held out of the training of {' and of '.join(presets)}; "
                "name speakers in the protocol"
            )
        return {speaker: files for speaker, files in everyone.items() if speaker in wanted}

    def convert(self, source: Recording, voice: np.ndarray) -> Conversion:
        """`source` in another voice."""
        return self.converter.convert_to((source.wave, source.sample_rate), voice)

    def keep(self, wave: np.ndarray, sample_rate: int, *path: str) -> Recording:
        """Writes a result below the folder for sound, and gives it as it is heard."""
        file = self.out.joinpath(*path).with_suffix(".wav")
        write(file, wave, sample_rate)
        return Recording.read(file)

    def checkpoints(self, *presets: str) -> dict[str, str]:
        """Preset -> SHA-256 of its weights, so that figures can be held against what they were measured on."""
        names = dict.fromkeys((self.model, self.vocoder, *presets))
        return {
            name: hashlib.sha256((find_preset(name) / "model.weights.h5").read_bytes()).hexdigest()
            for name in names
            if name != GRIFFIN_LIM
        }

    def _load_vocoder(self, name: str) -> Vocoder:
        return load_vocoder(name, self.spec)


def held_out(preset: str) -> set[str]:
    """The speakers that a preset's `training.json` says its training left out.

    Raises:
        TfvcError: if it does not say.
    """
    path = find_preset(preset) / "training.json"
    try:
        record: Any = json.loads(path.read_text(encoding="utf-8"))
        return set(record["held_out_speakers"])
    except (OSError, ValueError, KeyError, TypeError):
        raise TfvcError(f"{path}: does not say held_out_speakers; name speakers in the protocol") from None
