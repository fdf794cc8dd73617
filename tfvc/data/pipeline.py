"""`tf.data` pipelines of crops, for AutoVC (mels) and for the vocoders (waveforms and mels).

Batches depend on (seed, step) alone: see `tfvc.data.plan`. Under `tf.distribute` give the global batch size and pass
the dataset to `Strategy.experimental_distribute_dataset` (or to `model.fit`): every worker builds the same batches and
keeps its own rows, so the global batch of a step does not depend on the number of workers.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfvc.common.errors import TfvcError
from tfvc.data.feature_set import FeatureSet
from tfvc.data.plan import CropPlan, FixedPlan

_PREFETCHED_BATCHES = 8
_ENDLESS = np.iinfo(np.int64).max
_SILENCE_SECONDS = 2


def mel_crops(
    feature_set: FeatureSet,
    batch_size: int,
    frames: int,
    seed: int,
    start_step: int = 0,
    steps: int | None = None,
    speakers: Sequence[str] | None = None,
) -> tf.data.Dataset:
    """Random mel crops with the embedding of their speaker: what AutoVC trains on.

    A mel shorter than the crop is continued with the mel of digital silence. Every utterance comes once an epoch.

    Args:
        feature_set: the prepared set.
        batch_size: rows a batch (over all replicas together).
        frames: frames a crop.
        seed: 0 to 2**64 - 1.
        start_step: the first batch is that of this step of an uninterrupted run.
        steps: how many batches; None for no end.
        speakers: only these; None for all.

    Returns:
        Dataset of (mel [batch, frames, n_mels], speaker embedding [batch, 256]), float32.
    """
    chosen = utterances_of(feature_set, speakers)
    plan = CropPlan([feature_set.utterances[index].frames for index in chosen], frames, batch_size, seed)
    return _dataset(plan, _MelCrops(feature_set, chosen, frames), start_step, steps, batch_size)


def fixed_mel_crops(
    feature_set: FeatureSet, batch_size: int, frames: int, speakers: Sequence[str] | None = None
) -> tf.data.Dataset:
    """The same crops every time, one from the middle of each utterance: for validation.

    Returns:
        Finite dataset like that of `mel_crops`; its last batch may be smaller.
    """
    chosen = utterances_of(feature_set, speakers)
    plan = FixedPlan([feature_set.utterances[index].frames for index in chosen], frames, batch_size)
    return _dataset(plan, _MelCrops(feature_set, chosen, frames), 0, plan.steps, None)


def wave_segments(
    feature_set: FeatureSet,
    batch_size: int,
    samples: int,
    seed: int,
    start_step: int = 0,
    steps: int | None = None,
    speakers: Sequence[str] | None = None,
) -> tf.data.Dataset:
    """Random waveform segments with the frames that describe them: what a vocoder trains on.

    Segments begin at a frame's first sample: frame i of the mel describes samples [i * hop, (i + 1) * hop). What is
    missing of a short utterance is silence.

    Args:
        samples: samples a segment, a multiple of the spec's hop. The others are those of `mel_crops`.

    Returns:
        Dataset of (wave [batch, samples], mel [batch, samples / hop, n_mels]), float32.
    """
    lengths, loader = _segments(feature_set, samples, speakers)
    plan = CropPlan(lengths, loader.frames, batch_size, seed)
    return _dataset(plan, loader, start_step, steps, batch_size)


def fixed_wave_segments(
    feature_set: FeatureSet, batch_size: int, samples: int, speakers: Sequence[str] | None = None
) -> tf.data.Dataset:
    """The same segments every time, one from the middle of each utterance: for validation.

    Returns:
        Finite dataset like that of `wave_segments`; its last batch may be smaller.
    """
    lengths, loader = _segments(feature_set, samples, speakers)
    plan = FixedPlan(lengths, loader.frames, batch_size)
    return _dataset(plan, loader, 0, plan.steps, None)


def utterances_of(feature_set: FeatureSet, speakers: Sequence[str] | None) -> list[int]:
    """Indices of the utterances of these speakers, all of them for None. Raises TfvcError for an unknown one."""
    if speakers is None:
        return list(range(len(feature_set)))
    for speaker in speakers:
        feature_set.speaker_embedding(speaker)
    wanted = set(speakers)
    return [index for index, utterance in enumerate(feature_set.utterances) if utterance.speaker in wanted]


class _MelCrops:
    """Loads (mel, speaker embedding) rows."""

    def __init__(self, feature_set: FeatureSet, chosen: list[int], frames: int):
        self._set, self._chosen, self._frames = feature_set, chosen, frames
        self._silence = _silence(feature_set)
        self._embeddings = {speaker: feature_set.speaker_embedding(speaker) for speaker in feature_set.speakers}
        size = next(iter(self._embeddings.values())).shape[0]
        self.row_shapes = ((frames, feature_set.spec.n_mels), (size,))

    def __call__(self, items: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        indices = [self._chosen[item] for item in items]
        mel = _padded_mels(self._set, indices, starts, self._frames, self._silence)
        embedding = np.stack([self._embeddings[self._set.utterances[index].speaker] for index in indices])
        return mel, embedding


class _WaveSegments:
    """Loads (wave, mel) rows; starts are in frames."""

    def __init__(self, feature_set: FeatureSet, chosen: list[int], frames: int):
        self._set, self._chosen, self.frames = feature_set, chosen, frames
        self._silence = _silence(feature_set)
        self.row_shapes = ((frames * feature_set.spec.hop,), (frames, feature_set.spec.n_mels))

    def __call__(self, items: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        indices = [self._chosen[item] for item in items]
        hop = self._set.spec.hop
        wave = np.zeros((len(indices), self.frames * hop), np.float32)
        for row, index, start in zip(wave, indices, starts, strict=True):
            piece = self._set.wave(index, start * hop, len(row))
            row[: len(piece)] = piece
        return wave, _padded_mels(self._set, indices, starts, self.frames, self._silence)


def _segments(feature_set: FeatureSet, samples: int, speakers: Sequence[str] | None) -> tuple[list[int], _WaveSegments]:
    hop = feature_set.spec.hop
    if samples < hop or samples % hop:
        raise TfvcError(f"segments of {samples} samples do not fit the mel; choose a multiple of the hop, {hop}")
    chosen = utterances_of(feature_set, speakers)
    lengths = [feature_set.utterances[index].samples // hop for index in chosen]
    return lengths, _WaveSegments(feature_set, chosen, samples // hop)


def _padded_mels(
    feature_set: FeatureSet, indices: list[int], starts: np.ndarray, frames: int, silence: np.ndarray
) -> np.ndarray:
    mels = np.empty((len(indices), frames, feature_set.spec.n_mels), np.float32)
    for row, index, start in zip(mels, indices, starts, strict=True):
        piece = feature_set.mel(index, int(start), frames)
        row[: len(piece)] = piece
        row[len(piece) :] = silence
    return mels


def _silence(feature_set: FeatureSet) -> np.ndarray:
    """float32 [n_mels]: the mel of digital silence, away from the ends of the recording."""
    mel = feature_set.spec.extract(np.zeros(_SILENCE_SECONDS * feature_set.spec.sample_rate))
    return mel[len(mel) // 2]


def _dataset(
    plan: CropPlan | FixedPlan,
    load: _MelCrops | _WaveSegments,
    start_step: int,
    steps: int | None,
    batch_size: int | None,
) -> tf.data.Dataset:
    if start_step < 0 or (steps is not None and steps < 0):
        raise TfvcError(f"start step {start_step} and steps {steps} must not be negative")
    last = _ENDLESS if steps is None else start_step + steps

    def batch(step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return load(*plan.batch(int(step)))

    def rows(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        arrays = tf.numpy_function(batch, [step], (tf.float32, tf.float32))
        for array, shape in zip(arrays, load.row_shapes, strict=True):
            array.set_shape((batch_size, *shape))
        return tuple(arrays)

    dataset = tf.data.Dataset.range(start_step, last)
    dataset = dataset.map(rows, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    options = tf.data.Options()
    # There are no input files that workers could share out; each takes its rows of every batch.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return dataset.prefetch(_PREFETCHED_BATCHES).with_options(options)
