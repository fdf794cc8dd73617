"""Speakers whom the model does not know, into each other."""

import itertools

import numpy as np

from tfvc.benchmark.config import UnseenConfig
from tfvc.benchmark.experiment import Experiment
from tfvc.metrics.summary import means


class Unseen:
    """Converts drawn pairs and asks whose voice the result has.

    The first half of a recording is what is converted, or gives the target voice; cosines are to the second halves.
    """

    def __init__(self, config: UnseenConfig, experiment: Experiment):
        self.experiment = experiment
        speakers = experiment.unknown_speakers((experiment.model, experiment.vocoder), config.corpus, config.speakers)
        self.halves = {speaker: experiment.read(files[0]).halves() for speaker, files in speakers.items()}
        pairs = list(itertools.permutations(self.halves, 2))
        drawn = np.random.default_rng(experiment.seed).permutation(len(pairs))[: config.pairs]
        self.jobs = [pairs[i] for i in sorted(drawn)]
        self.against = experiment.evaluation("speaker", same_timing=False)

    def measure(self, job: tuple[str, str]) -> dict:
        """Converts one speaker into another."""
        own, other = job
        (said, own_judge), (voice, judge) = self.halves[own], self.halves[other]
        spoken = self.experiment.keep(self.experiment.convert(said, [voice]), "unseen", f"{own}_to_{other}")
        return {"source": own, "target": other, **self.against.measure(judge, spoken, own_judge)}

    def figures(self, rows: list[dict]) -> dict:
        """The means, and how often the result is nearer to its target."""
        cosines = ("speaker_cosine", "speaker_cosine_source")
        result = means([{key: row[key] for key in cosines} for row in rows])
        result["cosine_difference"] = result["speaker_cosine"] - result["speaker_cosine_source"]
        return {"conversions": len(rows), "speakers": len(self.halves), **result}
