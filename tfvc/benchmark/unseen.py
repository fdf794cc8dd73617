"""Speakers whom the model does not know, into each other."""

import itertools

import numpy as np

from tfvc.benchmark.bench import Bench
from tfvc.benchmark.config import UnseenConfig
from tfvc.metrics.summary import means


class Unseen:
    """Converts drawn pairs and asks whose voice the result has.

    The first half of a recording is what is converted, or gives the target voice; cosines are to the second halves.
    """

    def __init__(self, config: UnseenConfig, bench: Bench):
        self.bench = bench
        speakers = bench.unknown_speakers((bench.model, bench.vocoder), config.corpus, config.speakers)
        self.halves = {speaker: bench.read(files[0]).halves() for speaker, files in speakers.items()}
        pairs = list(itertools.permutations(self.halves, 2))
        drawn = np.random.default_rng(bench.seed).permutation(len(pairs))[: config.pairs]
        self.jobs = [pairs[i] for i in sorted(drawn)]
        self.against = bench.comparison("speaker", same_timing=False)

    def measure(self, job: tuple[str, str]) -> dict:
        """Converts one speaker into another."""
        own, other = job
        (said, own_judge), (voice, judge) = self.halves[own], self.halves[other]
        result = self.bench.convert(said, voice.embedding(self.bench.encoder))
        spoken = self.bench.keep(result.wave, result.sample_rate, "unseen", f"{own}_to_{other}")
        return {"source": own, "target": other, **self.against.measure(judge, spoken, own_judge)}

    def figures(self, rows: list[dict]) -> dict:
        """The means, and how often the result is nearer to its target."""
        cosines = ("speaker_cosine", "speaker_cosine_source")
        result = means([{key: row[key] for key in cosines} for row in rows])
        result["cosine_difference"] = result["speaker_cosine"] - result["speaker_cosine_source"]
        return {"conversions": len(rows), "speakers": len(self.halves), **result}
