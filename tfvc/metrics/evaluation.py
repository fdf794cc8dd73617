"""All measurements of a recording against a reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tfvc.audio import MelSpec, Recording
from tfvc.common.errors import TfvcError
from tfvc.metrics.alignment import align
from tfvc.metrics.f0 import pitch_errors
from tfvc.metrics.mcd import FRAME, SHIFT, analysis_rate, mel_cepstral_distortion
from tfvc.metrics.mel_distance import mel_l1
from tfvc.metrics.of_recording import cepstra_of, pitch_of
from tfvc.metrics.pesq import pesq_wideband
from tfvc.metrics.speaker import speaker_cosine
from tfvc.metrics.stoi import RATE, stoi

if TYPE_CHECKING:
    from tfvc.models.speaker_encoder import SpeakerEncoder


@dataclass(frozen=True)
class Metric:
    """Something to measure: the keys of its figures, and the packages of the `metrics` extra that it needs."""

    keys: tuple[str, ...]
    packages: tuple[str, ...] = ()


METRICS = {
    "mcd": Metric(("mcd_db", "mcd_without_energy_db"), ("pysptk",)),
    "f0": Metric(("f0_rmse_cents", "f0_correlation", "voicing_error"), ("pyworld", "pysptk")),
    "mel": Metric(("mel_l1",)),
    "speaker": Metric(("speaker_cosine",)),
    "stoi": Metric(("stoi",), ("pystoi",)),
    "pesq": Metric(("pesq",), ("pesq",)),
}
NEED_SAME_TIMING = ("stoi", "pesq")
# What a vocoder may append or cut off.
_TOLERATED_SECONDS = 0.1


@dataclass(frozen=True)
class Evaluation:
    """What is measured, and how.

    Attributes:
        metrics: names out of `METRICS`.
        same_timing: whether hypotheses have their references' timing (copy-synthesis). Frames are then compared as
            they stand; else they are aligned by dynamic time warping. MCD is always taken over the aligned frames.
        mel_spec: of the mels that `mel` compares.
        encoder: for `speaker`.
    """

    metrics: Sequence[str]
    same_timing: bool
    mel_spec: MelSpec
    encoder: SpeakerEncoder | None = None

    def keys(self, with_sources: bool) -> list[str]:
        """The keys of the figures that `means` gives, of pairs of which some, or none, have a source."""
        keys = [key for name in self.metrics for key in METRICS[name].keys]
        converted = with_sources and "speaker" in self.metrics
        return keys + (["speaker_cosine_source", "nearer_to_target", "equal_error_rate"] if converted else [])

    def measure(self, reference: Recording, hypothesis: Recording, source: Recording | None = None) -> dict[str, float]:
        """The figures of a hypothesis.

        Args:
            reference: what it ought to be.
            hypothesis: what is judged.
            source: what it was converted from; if given, the cosine to its speaker is taken too.

        Returns:
            Key -> figure, as in `METRICS`, and `speaker_cosine_source`; NaN where there is nothing to measure (no
            voiced frames, no speech).

        Raises:
            TfvcError: if the recordings are too short or of too low a rate, or do not have the same timing where
                that is said, or a package is not installed.
        """
        try:
            return self._figures(reference, hypothesis, source)
        except TfvcError as problem:
            raise TfvcError(f"{hypothesis.name} against {reference.name}: {problem}") from None

    def _figures(self, reference: Recording, hypothesis: Recording, source: Recording | None) -> dict[str, float]:
        if self.same_timing and abs(reference.seconds - hypothesis.seconds) > _TOLERATED_SECONDS:
            raise TfvcError(
                f"the one lasts {hypothesis.seconds:.2f} s and the other {reference.seconds:.2f} s, so they have not "
                "the same timing; leave out --aligned"
            )
        figures: dict[str, float] = {}
        if "mcd" in self.metrics:
            figures |= _mcd(reference, hypothesis)
        if "f0" in self.metrics:
            figures |= self._f0(reference, hypothesis)
        if "mel" in self.metrics:
            figures["mel_l1"] = self._mel_l1(reference, hypothesis)
        if "speaker" in self.metrics:
            spoken = hypothesis.embedding(self.encoder)
            figures["speaker_cosine"] = speaker_cosine(spoken, reference.embedding(self.encoder))
            if source is not None:
                figures["speaker_cosine_source"] = speaker_cosine(spoken, source.embedding(self.encoder))
        if self.same_timing:
            waves = _cut_alike(reference.at(RATE), hypothesis.at(RATE))
            figures |= {name: m(*waves) for name, m in _OF_WAVES.items() if name in self.metrics}
        return figures

    def _f0(self, reference: Recording, hypothesis: Recording) -> dict[str, float]:
        rate = analysis_rate(reference.sample_rate, hypothesis.sample_rate)
        contours = pitch_of(reference, rate), pitch_of(hypothesis, rate)
        if self.same_timing:
            contours = _cut_alike(*contours)
        else:
            # The middle of a mel-cepstrum's window is half a window after its first sample, where its number counts.
            steps = _steps(reference, hypothesis, rate)
            contours = tuple(contour[step + FRAME // 2 // SHIFT] for contour, step in zip(contours, steps, strict=True))
        errors = pitch_errors(*contours)
        return {
            "f0_rmse_cents": errors.rmse_cents,
            "f0_correlation": errors.correlation,
            "voicing_error": errors.voicing_error,
        }

    def _mel_l1(self, reference: Recording, hypothesis: Recording) -> float:
        mels = reference.mel(self.mel_spec), hypothesis.mel(self.mel_spec)
        if self.same_timing:
            return mel_l1(*_cut_alike(*mels))
        return mel_l1(*(mel[step] for mel, step in zip(mels, align(*mels), strict=True)))


_OF_WAVES = {"stoi": stoi, "pesq": pesq_wideband}


def _mcd(reference: Recording, hypothesis: Recording) -> dict[str, float]:
    rate = analysis_rate(reference.sample_rate, hypothesis.sample_rate)
    first, second = _steps(reference, hypothesis, rate)
    one, other = cepstra_of(reference, rate)[first], cepstra_of(hypothesis, rate)[second]
    return {
        "mcd_db": mel_cepstral_distortion(one, other),
        "mcd_without_energy_db": mel_cepstral_distortion(one[:, 1:], other[:, 1:]),
    }


def _steps(reference: Recording, hypothesis: Recording, rate: int) -> tuple[np.ndarray, np.ndarray]:
    return align(cepstra_of(reference, rate), cepstra_of(hypothesis, rate))


def _cut_alike(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    length = min(len(one), len(other))
    return one[:length], other[:length]
