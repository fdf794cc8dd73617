"""Objective measures of converted and vocoded speech.

Each takes arrays and stands in a file of its own; `Evaluation` takes recordings and gives all that is asked for.
MCD, F0, STOI and PESQ want the `metrics` extra; what is missing is said when they are called.
"""

from tfvc.metrics.defects import find_defects, find_defects_in_file
from tfvc.metrics.equal_error_rate import equal_error_rate
from tfvc.metrics.evaluation import METRICS, NEED_SAME_TIMING, Evaluation
from tfvc.metrics.f0 import PitchErrors, pitch, pitch_errors
from tfvc.metrics.mcd import analysis_rate, mel_cepstra, mel_cepstral_distortion
from tfvc.metrics.mel_distance import mel_l1
from tfvc.metrics.pesq import pesq_wideband
from tfvc.metrics.speaker import speaker_cosine
from tfvc.metrics.stoi import stoi

__all__ = [
    "METRICS",
    "NEED_SAME_TIMING",
    "Evaluation",
    "PitchErrors",
    "analysis_rate",
    "equal_error_rate",
    "find_defects",
    "find_defects_in_file",
    "mel_cepstra",
    "mel_cepstral_distortion",
    "mel_l1",
    "pesq_wideband",
    "pitch",
    "pitch_errors",
    "speaker_cosine",
    "stoi",
]
