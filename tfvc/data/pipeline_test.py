import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tfvc.common.errors import TfvcError
from tfvc.data import FeatureSet, fixed_mel_crops, fixed_wave_segments, mel_crops, wave_segments
from tfvc.data.conftest import SPEC


def batches(dataset, count=None):
    return [tuple(array.numpy() for array in batch) for batch in itertools.islice(dataset, count)]


def assert_same(ours, theirs):
    assert len(ours) == len(theirs)
    for our_batch, their_batch in zip(ours, theirs, strict=True):
        for our_array, their_array in zip(our_batch, their_batch, strict=True):
            np.testing.assert_array_equal(our_array, their_array)


@pytest.mark.parametrize(("make", "size"), [(mel_crops, 40), (wave_segments, 40 * 256)])
def test_starting_at_a_step_gives_what_an_uninterrupted_run_gives_there(features, make, size):
    uninterrupted = batches(make(features, 3, size, seed=7, steps=20))
    assert len(uninterrupted) == 20
    assert_same(batches(make(features, 3, size, seed=7, start_step=13, steps=7)), uninterrupted[13:])
    assert_same(batches(make(features, 3, size, seed=7, start_step=13), 7), uninterrupted[13:])
    other_seed = batches(make(features, 3, size, seed=8, steps=20))
    assert any((a[0] != b[0]).any() for a, b in zip(uninterrupted, other_seed, strict=True))


def test_mel_crops_are_crops_of_a_speaker_with_its_embedding(features):
    dataset = mel_crops(features, 4, 40, seed=1, steps=10)
    assert dataset.element_spec == (
        tf.TensorSpec((4, 40, 80), tf.float32),
        tf.TensorSpec((4, 16), tf.float32),
    )
    mels = [features.mel(index) for index in range(len(features))]
    visited = []
    for mel, embedding in batches(dataset):
        for row, its_embedding in zip(mel, embedding, strict=True):
            index = _home(row, mels)
            visited.append(index)
            speaker = features.utterances[index].speaker
            np.testing.assert_array_equal(its_embedding, features.speaker_embedding(speaker))
    assert np.bincount(visited).tolist() == [8] * 5


def test_segments_are_aligned_with_their_mels(features):
    dataset = wave_segments(features, 3, 20 * 256, seed=2, steps=10)
    assert dataset.element_spec == (
        tf.TensorSpec((3, 20 * 256), tf.float32),
        tf.TensorSpec((3, 20, 80), tf.float32),
    )
    mels = [features.mel(index) for index in range(len(features))]
    for wave, mel in batches(dataset):
        for samples, row in zip(wave, mel, strict=True):
            index = _home(row, mels)
            start = _start(row, mels[index])
            np.testing.assert_array_equal(samples, features.wave(index, start * 256, 20 * 256))
            # Away from its ends a segment has the mel that it comes with.
            np.testing.assert_allclose(SPEC.extract(samples)[2:-2], row[2:-2], atol=1e-4)


def test_what_is_missing_of_a_short_utterance_is_silence(features):
    shortest = min(range(len(features)), key=lambda index: features.utterances[index].frames)
    frames = features.utterances[shortest].frames
    silence = np.log(np.float32(1e-5))
    speaker = features.utterances[shortest].speaker
    found = False
    for mel, _ in batches(mel_crops(features, 2, frames + 9, seed=0, steps=4, speakers=[speaker])):
        for row in mel:
            if (row[:frames] == features.mel(shortest)).all():
                np.testing.assert_allclose(row[frames:], silence, atol=1e-3)
                found = True
    assert found
    samples = features.utterances[shortest].samples
    found = False
    size = (frames + 9) * 256
    for wave, mel in batches(wave_segments(features, 2, size, seed=0, steps=4, speakers=[speaker])):
        for row, its_mel in zip(wave, mel, strict=True):
            if (row[:samples] == features.wave(shortest)).all():
                assert (row[samples:] == 0).all()
                np.testing.assert_allclose(its_mel[frames:], silence, atol=1e-3)
                found = True
    assert found


def test_only_the_speakers_asked_for(features):
    own = [features.mel(i) for i, u in enumerate(features.utterances) if u.speaker in ("anna", "cara")]
    for mel, _ in batches(mel_crops(features, 4, 30, seed=0, steps=5, speakers=["cara", "anna"])):
        for row in mel:
            _home(row, own)
    with pytest.raises(TfvcError, match="no speaker 'dora'"):
        mel_crops(features, 4, 30, seed=0, speakers=["dora"])
    with pytest.raises(TfvcError, match="no utterances"):
        mel_crops(features, 4, 30, seed=0, speakers=[])


def test_validation_sees_every_utterance_once_and_always_the_same(features):
    for make, size, rows in ((fixed_mel_crops, 40, 5), (fixed_wave_segments, 40 * 256, 5)):
        first = batches(make(features, 2, size))
        assert [len(batch[0]) for batch in first] == [2, 2, 1]
        assert_same(batches(make(features, 2, size)), first)
        assert sum(len(batch[0]) for batch in first) == rows
    mel = np.concatenate([batch[0] for batch in batches(fixed_mel_crops(features, 2, 40))])
    for index, utterance in enumerate(features.utterances):
        np.testing.assert_array_equal(mel[index], features.mel(index, (utterance.frames - 40) // 2, 40))
    assert len(batches(fixed_mel_crops(features, 2, 40, speakers=["cara"]))) == 1


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda features: mel_crops(features, 0, 40, 0), "batch size is 0"),
        (lambda features: mel_crops(features, 2, 0, 0), "crop is 0"),
        (lambda features: mel_crops(features, 2, 40, 0, start_step=-1), "start step -1"),
        (lambda features: wave_segments(features, 2, 8193, 0), "multiple of the hop, 256"),
        (lambda features: wave_segments(features, 2, 0, 0), "multiple of the hop, 256"),
    ],
)
def test_senseless_requests_are_refused(features, make, problem):
    with pytest.raises(TfvcError, match=problem):
        make(features)


def test_damage_met_while_training_names_the_utterance(prepared, tmp_path):
    copy = shutil.copytree(prepared, tmp_path / "set")
    features = FeatureSet(copy)
    utterance = features.utterances[0]
    shard = copy / "shards" / utterance.shard
    content = bytearray(shard.read_bytes())
    content[utterance.offset + utterance.mel_offset] ^= 1
    shard.write_bytes(content)
    with pytest.raises(tf.errors.OpError, match=f"checksum of {utterance.id} differs"):
        batches(mel_crops(FeatureSet(copy), 5, 40, seed=0, steps=1))


def test_replicas_share_the_rows_of_a_batch(prepared):
    """Two replicas get the two halves of the very batch that one would get."""
    result = subprocess.run(
        [sys.executable, "-c", TWO_REPLICAS, str(prepared)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
    )
    assert result.stdout.split() == ["same"] * 3, result.stderr


TWO_REPLICAS = """
import sys
import numpy as np
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
from tfvc.data import FeatureSet, mel_crops
dataset = mel_crops(FeatureSet(sys.argv[1]), 6, 32, seed=0, steps=3)
for (whole, _), (parts, _) in zip(dataset, strategy.experimental_distribute_dataset(dataset)):
    parts = [part.numpy() for part in parts.values]
    assert [len(part) for part in parts] == [3, 3]
    print("same" if (np.concatenate(parts) == whole.numpy()).all() else "other")
"""


def _home(row, mels):
    """Index of the one mel that contains the crop."""
    homes = [index for index, mel in enumerate(mels) if _start(row, mel) is not None]
    assert len(homes) == 1
    return homes[0]


def _start(row, mel):
    for start in range(len(mel) - len(row) + 1):
        if (mel[start : start + len(row)] == row).all():
            return start
    return None
