"""Corpus -> features -> `tf.data`."""

from tfvc.data.feature_set import FeatureSet
from tfvc.data.manifest import Utterance
from tfvc.data.pipeline import fixed_mel_crops, fixed_wave_segments, mel_crops, wave_segments
from tfvc.data.preparation import PrepareSummary, prepare
from tfvc.data.split import split_speakers

__all__ = [
    "FeatureSet",
    "PrepareSummary",
    "Utterance",
    "fixed_mel_crops",
    "fixed_wave_segments",
    "mel_crops",
    "prepare",
    "split_speakers",
    "wave_segments",
]
