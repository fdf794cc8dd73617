"""Corpus -> features by name -> `tf.data`."""

from tfvc.data.extractors import Embedder
from tfvc.data.feature_set import FeatureSet
from tfvc.data.manifest import Utterance
from tfvc.data.pipeline import batches
from tfvc.data.plans import Buckets, Crops, Middle
from tfvc.data.preparation import PrepareSummary, prepare
from tfvc.data.schema import Feature, Schema
from tfvc.data.split import split_speakers

__all__ = [
    "Buckets",
    "Crops",
    "Embedder",
    "Feature",
    "FeatureSet",
    "Middle",
    "PrepareSummary",
    "Schema",
    "Utterance",
    "batches",
    "prepare",
    "split_speakers",
]
