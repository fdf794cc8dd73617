"""What the sections of a protocol share: the checkpoints, the corpora, and the recordings already read."""

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path

from tfvc.audio import MelSpec, Recording, write
from tfvc.benchmark.config import ProtocolConfig
from tfvc.common.defaults import GRIFFIN_LIM
from tfvc.common.errors import TfvcError
from tfvc.common.json_file import read_object
from tfvc.data.corpus import scan
from tfvc.metrics import Evaluation
from tfvc.models.locations import find_preset
from tfvc.models.speaker_encoder import SpeakerEncoder
from tfvc.voices.load import load_voice
from tfvc.voices.vocoders import Vocoder, load_vocoder


class Experiment:
    """The checkpoints of a protocol and what they are tried on.

    Args:
        config: names the presets of the conversions, and the seed of what is drawn.
        data: folder of the corpora.
        out: folder for the sound.
    """

    def __init__(self, config: ProtocolConfig, data: Path, out: Path):
        self.model, self.vocoder, self.seed = config.model, config.vocoder, config.seed
        self.data, self.out = data, out
        self.voice = load_voice(config.model, config.vocoder, config.speaker_encoder or None)
        self.encoder: SpeakerEncoder = self.voice.speaker_encoder
        self.spec: MelSpec = self.voice.mel_spec
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

    def convert(self, source: Recording, targets: Sequence[Recording]) -> Recording:
        """`source` in the voice of other recordings."""
        return self.voice.convert(source, self.voice.targets(targets))

    def keep(self, result: Recording, *path: str) -> Recording:
        """Writes a result below the folder for sound, and gives it as it is read from there."""
        file = self.out.joinpath(*path).with_suffix(".wav")
        write(file, result.wave, result.sample_rate)
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
        return set(read_object(path, "the record of a training")["held_out_speakers"])
    except (TfvcError, KeyError, TypeError):
        raise TfvcError(f"{path}: does not say held_out_speakers; name speakers in the protocol") from None
