"""Speakers of parallel sentences, each into each other: the target's own recording of the sentence is the reference."""

import itertools
from pathlib import Path

import numpy as np

from tfvc.benchmark.config import ParallelConfig
from tfvc.benchmark.experiment import Experiment
from tfvc.common.errors import TfvcError
from tfvc.metrics import speaker_cosine
from tfvc.metrics.summary import means


class Parallel:
    """Converts the sentences that all speakers say, for every ordered pair of speakers.

    Beside the figures of the converted speech stand those of the source as it is, under keys that begin with
    `unconverted_`. Cosines are to recordings that neither the conversion nor the target's voice was taken from.
    """

    def __init__(self, config: ParallelConfig, experiment: Experiment):
        self.experiment = experiment
        self.said, self.voices, self.judges = {}, {}, {}
        speakers = experiment.speakers(config.corpus)
        said_by = {speaker: {_sentence(file): file for file in files} for speaker, files in speakers.items()}
        common = sorted(set.intersection(*(set(files) for files in said_by.values())))[-config.sentences :]
        for speaker, files in said_by.items():
            others = [file for sentence, file in files.items() if sentence not in common]
            if len(speakers) < 2 or len(common) < config.sentences or len(others) < 2:
                raise TfvcError(
                    f"{experiment.data / config.corpus}: needs two speakers who all say {config.sentences} sentences, "
                    f"and two other recordings of each; {speaker} has {len(common)} and {len(others)}"
                )
            self.said[speaker] = {sentence: files[sentence] for sentence in common}
            self.voices[speaker], self.judges[speaker] = others[::2], others[1::2]
        self.jobs = [(a, b, sentence) for a, b in itertools.permutations(self.said, 2) for sentence in common]
        self.pictured = None

    def measure(self, job: tuple[str, str, str]) -> dict:
        """Converts a sentence of one speaker into the voice of another."""
        own, other, sentence = job
        experiment = self.experiment
        source, target = experiment.read(self.said[own][sentence]), experiment.read(self.said[other][sentence])
        result = experiment.convert(source, [experiment.read(file) for file in self.voices[other]])
        spoken = experiment.keep(result, "parallel", f"{own}_to_{other}", sentence)
        if self.pictured is None:
            mels = {f"source, {own}": source, f"target, {other}": target, "source converted": spoken}
            self.pictured = {title: recording.mel(experiment.spec) for title, recording in mels.items()}
        against_target = experiment.evaluation("mcd", "f0", same_timing=False)
        row = against_target.measure(target, spoken)
        row |= {f"unconverted_{key}": value for key, value in against_target.measure(target, source).items()}
        embedding = spoken.embedding(experiment.encoder)
        row["speaker_cosine"] = speaker_cosine(embedding, self._mean_embedding(self.judges[other]))
        row["speaker_cosine_source"] = speaker_cosine(embedding, self._mean_embedding(self.judges[own]))
        return {"source": own, "target": other, "sentence": sentence, **row}

    def figures(self, rows: list[dict]) -> dict:
        """The means, and by how much the conversion lowers the MCD."""
        result = means([{key: value for key, value in row.items() if isinstance(value, float)} for row in rows])
        for key in ("mcd_db", "mcd_without_energy_db"):
            result[f"{key}_reduction"] = 1.0 - result[key] / result[f"unconverted_{key}"]
        return {"conversions": len(rows), **result}

    def _mean_embedding(self, files: list[Path]) -> np.ndarray:
        return self.experiment.encoder.embed_speaker([self.experiment.read(file) for file in files])


def _sentence(file: Path) -> str:
    return file.stem.rpartition("_")[2]
