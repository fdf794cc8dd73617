"""`tf.data` pipelines of batches by name.

Batches depend on (seed, step) alone: see `tfvc.data.plans`. Under `tf.distribute` give the global batch size and pass
the dataset to `Strategy.experimental_distribute_dataset` (or to `model.fit`): every worker builds the same batches and
keeps its own rows, so the global batch of a step does not depend on the number of workers.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfvc.common.errors import TfvcError
from tfvc.data.columns import column, frame_of, frames_of
from tfvc.data.feature_set import FeatureSet
from tfvc.data.plans import Plan

_PREFETCHED_BATCHES = 8
_ENDLESS = np.iinfo(np.int64).max


def batches(
    features: FeatureSet,
    wants: Sequence[str],
    plan: Plan,
    start_step: int = 0,
    steps: int | None = None,
    speakers: Sequence[str] | None = None,
) -> tf.data.Dataset:
    """Batches of what is wanted, and of nothing else: no other feature is read.

    A frame is one hop of the mel (more generally, the largest hop of what is wanted). Rows of one batch are cut at the
    same time: frame i of a mel describes samples [i * hop, (i + 1) * hop) of the waveform. What is missing of a short
    utterance is silence: zeros, in a mel that of digital silence.

    Args:
        features: the prepared set.
        wants: names of features, such as `waveform`, `mel` and `embedding`, and of what is made of them:
            `speaker_embedding`, the mean over the speaker's utterances; `mel_length`, how many frames of a row are not
            padding, and so for the other features whose length varies.
        plan: `Crops`, `Middle` or `Buckets`.
        start_step: the first batch is that of this step of an uninterrupted run.
        steps: how many batches; None for as many as the plan has.
        speakers: only these; None for all.

    Returns:
        Dataset of dicts from the wanted names to `[batch, ...]`. With crops of 128 frames: `mel` float32
        `[batch, 128, n_mels]`, `waveform` float32 `[batch, 128 * hop]` in [-1, 1], `speaker_embedding` float32
        `[batch, 256]`.

    Raises:
        TfvcError: an unknown name, speaker or step, or no utterances. The dataset raises `tf.errors.OpError`, with the
            words of a TfvcError, where it meets damage.

    Example:
        crops = batches(features, ("mel", "speaker_embedding"), Crops(frames=128, batch_size=16, seed=0))
    """
    if start_step < 0 or (steps is not None and steps < 0):
        raise TfvcError(f"start step {start_step} and steps {steps} must not be negative")
    wants = tuple(wants)
    frame = frame_of(features, wants)
    columns = [column(features, name, frame) for name in wants]
    chosen = utterances_of(features, speakers)
    schedule = plan.schedule([frames_of(features, index, wants, frame) for index in chosen])
    batch_size, frames = schedule.shape
    shapes = [(batch_size, *column.shape(frames)) for column in columns]

    def load(step: np.ndarray) -> list[np.ndarray]:
        rows = schedule.rows(int(step))
        indices = [chosen[item] for item in rows.items]
        return [column.load(indices, rows) for column in columns]

    def batch(step: tf.Tensor) -> dict[str, tf.Tensor]:
        arrays = tf.numpy_function(load, [step], [tf.as_dtype(column.dtype) for column in columns])
        return {name: tf.ensure_shape(array, shape) for name, array, shape in zip(wants, arrays, shapes, strict=True)}

    ends = [end for end in (schedule.steps, None if steps is None else start_step + steps) if end is not None]
    dataset = tf.data.Dataset.range(start_step, min(ends, default=_ENDLESS))
    dataset = dataset.map(batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    options = tf.data.Options()
    # There are no input files that workers could share out; each takes its rows of every batch.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return dataset.prefetch(_PREFETCHED_BATCHES).with_options(options)


def utterances_of(features: FeatureSet, speakers: Sequence[str] | None) -> list[int]:
    """Indices of the utterances of these speakers, all of them for None. Raises TfvcError for an unknown one."""
    if speakers is None:
        return list(range(len(features)))
    for speaker in speakers:
        features.check_speaker(speaker)
    wanted = set(speakers)
    return [index for index, utterance in enumerate(features.utterances) if utterance.speaker in wanted]
