"""Recordings spoken again from their own mels: what a vocoder alone does to a voice."""

import numpy as np

from tfvc.audio import Recording
from tfvc.benchmark.config import CopySynthesisConfig
from tfvc.benchmark.experiment import Experiment
from tfvc.metrics.summary import means
from tfvc.voices.vocoders import speak

_METRICS = ("mel", "stoi", "pesq", "f0", "mcd", "speaker")


class CopySynthesis:
    """Vocodes each recording with each vocoder and compares moment by moment; each vocoder has its own figures.

    Mels are those of each vocoder's own spec.
    """

    def __init__(self, config: CopySynthesisConfig, experiment: Experiment):
        self.experiment = experiment
        self.vocoders = config.vocoders
        speakers = experiment.unknown_speakers(config.vocoders, config.corpus, config.speakers)
        names = sorted(speakers)
        drawn = np.random.default_rng(experiment.seed).permutation(len(names))[: config.recordings]
        self.files = {names[i]: speakers[names[i]][0] for i in sorted(drawn)}
        self.jobs = [(vocoder, speaker) for vocoder in config.vocoders for speaker in self.files]
        for vocoder in config.vocoders:
            experiment.load_vocoder(vocoder)

    def measure(self, job: tuple[str, str]) -> dict:
        """Speaks one recording again."""
        name, speaker = job
        vocoder = self.experiment.load_vocoder(name)
        spec = vocoder.mel_spec
        original = self.experiment.read(self.files[speaker])
        wave = speak(vocoder, original.mel(spec), len(original.at(spec.sample_rate)))
        spoken = Recording(wave, spec.sample_rate)
        again = self.experiment.keep(spoken, "copy_synthesis", _folder_name(name), speaker)
        against = self.experiment.evaluation(*_METRICS, same_timing=True, mel_spec=spec)
        return {"vocoder": name, "speaker": speaker, **against.measure(original, again)}

    def figures(self, rows: list[dict]) -> dict:
        """Vocoder -> its means."""
        result = {}
        for vocoder in self.vocoders:
            own = [{k: v for k, v in row.items() if isinstance(v, float)} for row in rows if row["vocoder"] == vocoder]
            result[vocoder] = {"recordings": len(own), **means(own)}
        return result


def _folder_name(preset: str) -> str:
    return preset.strip("/").replace("/", "_")
