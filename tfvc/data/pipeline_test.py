import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tfvc.audio import extract_mel
from tfvc.common.errors import TfvcError
from tfvc.data import Buckets, Crops, FeatureSet, Middle, batches
from tfvc.data.conftest import SPEC
from tfvc.data.shards import Shards

VOICE = ("mel", "speaker_embedding")
PAIRS = ("waveform", "mel")


def arrays(dataset, count=None):
    return [{name: array.numpy() for name, array in batch.items()} for batch in itertools.islice(dataset, count)]


def assert_same(ours, theirs):
    assert len(ours) == len(theirs)
    for our_batch, their_batch in zip(ours, theirs, strict=True):
        assert our_batch.keys() == their_batch.keys()
        for name in our_batch:
            np.testing.assert_array_equal(our_batch[name], their_batch[name])


@pytest.mark.parametrize("wants", [VOICE, PAIRS])
@pytest.mark.parametrize("plan", [lambda seed: Crops(40, 3, seed), lambda seed: Buckets(3, seed)])
def test_starting_at_a_step_gives_what_an_uninterrupted_run_gives_there(features, wants, plan):
    uninterrupted = arrays(batches(features, wants, plan(7), steps=20))
    assert len(uninterrupted) == 20
    assert_same(arrays(batches(features, wants, plan(7), start_step=13, steps=7)), uninterrupted[13:])
    assert_same(arrays(batches(features, wants, plan(7), start_step=13), 7), uninterrupted[13:])
    other_seed = arrays(batches(features, wants, plan(8), steps=20))
    different = [
        a["mel"].shape != b["mel"].shape or (a["mel"] != b["mel"]).any()
        for a, b in zip(uninterrupted, other_seed, strict=True)
    ]
    assert any(different)


@pytest.mark.parametrize("plan", [Crops(40, 3, 0), Middle(40, 3)])
def test_what_else_is_asked_for_changes_no_crop(features, plan):
    """A run that reads fewer features goes on with the same crops."""
    together = arrays(batches(features, ("waveform", "mel", "mel_length", "speaker_embedding"), plan), 2)
    for wants in (("waveform",), VOICE):
        alone = arrays(batches(features, wants, plan), 2)
        assert_same(alone, [{name: batch[name] for name in wants} for batch in together])


@pytest.mark.parametrize("wants", [("waveform",), ("speaker_embedding", "mel")])
def test_only_what_is_wanted_is_read(features, wants, monkeypatch):
    features.verify()
    sizes = {"waveform": 2, "mel": 4 * 80}
    read = []
    original = Shards.read
    monkeypatch.setattr(Shards, "read", lambda self, *place: read.append(place) or original(self, *place))
    arrays(batches(features, wants, Crops(40, 5, 0), steps=3))
    assert len(read) >= 3 * 5
    (timed,) = (name for name in wants if name in sizes)
    for index, offset, length in read:
        place = features.utterances[index].arrays[timed]
        assert place.offset <= offset < offset + length <= place.offset + place.shape[0] * sizes[timed]


def test_mels_are_crops_of_a_speaker_with_its_embedding(features):
    dataset = batches(features, VOICE, Crops(40, 4, seed=1), steps=10)
    assert dataset.element_spec == {
        "mel": tf.TensorSpec((4, 40, 80), tf.float32),
        "speaker_embedding": tf.TensorSpec((4, 16), tf.float32),
    }
    mels = [features.array(index, "mel") for index in range(len(features))]
    visited = []
    for batch in arrays(dataset):
        for row, its_embedding in zip(batch["mel"], batch["speaker_embedding"], strict=True):
            index = _home(row, mels)
            visited.append(index)
            speaker = features.utterances[index].speaker
            np.testing.assert_array_equal(its_embedding, features.speaker_embedding(speaker))
    assert np.bincount(visited).tolist() == [8] * 5


def test_segments_are_aligned_with_their_mels(features):
    dataset = batches(features, PAIRS, Crops(20, 3, seed=2), steps=10)
    assert dataset.element_spec == {
        "waveform": tf.TensorSpec((3, 20 * 256), tf.float32),
        "mel": tf.TensorSpec((3, 20, 80), tf.float32),
    }
    mels = [features.array(index, "mel") for index in range(len(features))]
    for batch in arrays(dataset):
        for samples, row in zip(batch["waveform"], batch["mel"], strict=True):
            index = _home(row, mels)
            start = _start(row, mels[index])
            np.testing.assert_array_equal(samples, features.array(index, "waveform", start * 256, 20 * 256))
            # Away from its ends a segment has the mel that it comes with.
            np.testing.assert_allclose(extract_mel(samples, SPEC)[2:-2], row[2:-2], atol=1e-4)


def test_what_is_missing_of_a_short_utterance_is_silence(features):
    shortest = min(range(len(features)), key=lambda index: features.utterances[index].steps("mel"))
    whole, waveform = features.array(shortest, "mel"), features.array(shortest, "waveform")
    frames, samples = len(whole), len(waveform)
    speaker = features.utterances[shortest].speaker
    silence = np.log(np.float32(1e-5))
    found = 0
    wants = (*PAIRS, "mel_length", "waveform_length")
    for batch in arrays(batches(features, wants, Crops(frames + 9, 2, seed=0), steps=4, speakers=[speaker])):
        for row in range(2):
            if (batch["mel"][row, :frames] == whole).all():
                found += 1
                np.testing.assert_allclose(batch["mel"][row, frames:], silence, atol=1e-3)
                np.testing.assert_array_equal(batch["waveform"][row, :samples], waveform)
                assert (batch["waveform"][row, samples:] == 0).all()
                assert batch["mel_length"][row] == frames
                assert batch["waveform_length"][row] == samples
            else:
                assert batch["mel_length"][row] == frames + 9
                assert batch["waveform_length"][row] == (frames + 9) * 256
    assert found


def test_only_the_speakers_asked_for(features):
    chosen = [features.array(i, "mel") for i, u in enumerate(features.utterances) if u.speaker in ("anna", "cara")]
    for batch in arrays(batches(features, VOICE, Crops(30, 4, seed=0), steps=5, speakers=["cara", "anna"])):
        for row in batch["mel"]:
            _home(row, chosen)
    with pytest.raises(TfvcError, match="no speaker 'dora'"):
        batches(features, VOICE, Crops(30, 4, seed=0), speakers=["dora"])
    with pytest.raises(TfvcError, match="no utterances"):
        batches(features, VOICE, Crops(30, 4, seed=0), speakers=[])


def test_validation_sees_every_utterance_once_and_always_the_same(features):
    for wants in (VOICE, PAIRS):
        first = arrays(batches(features, wants, Middle(40, 2)))
        assert [len(batch["mel"]) for batch in first] == [2, 2, 1]
        assert_same(arrays(batches(features, wants, Middle(40, 2))), first)
        assert_same(arrays(batches(features, wants, Middle(40, 2), start_step=1, steps=9)), first[1:])
    mel = np.concatenate([batch["mel"] for batch in first])
    for index, utterance in enumerate(features.utterances):
        middle = (utterance.steps("mel") - 40) // 2
        np.testing.assert_array_equal(mel[index], features.array(index, "mel", middle, 40))
    assert len(arrays(batches(features, VOICE, Middle(40, 2), speakers=["cara"]))) == 1


@pytest.mark.parametrize(
    ("ask", "problem"),
    [
        (lambda features: batches(features, VOICE, Crops(40, 2, 0), start_step=-1), "start step -1"),
        (lambda features: batches(features, ("mel", "pitch"), Crops(40, 2, 0)), "has no pitch, it has waveform, mel"),
        (lambda features: batches(features, ("embedding_length",), Crops(40, 2, 0)), "has no embedding_length"),
    ],
)
def test_senseless_requests_are_refused(features, ask, problem):
    with pytest.raises(TfvcError, match=problem):
        ask(features)


def test_damage_met_while_training_names_the_utterance(prepared, tmp_path):
    copy = shutil.copytree(prepared, tmp_path / "set")
    features = FeatureSet(copy)
    utterance = features.utterances[0]
    shard = copy / "shards" / utterance.shard
    content = bytearray(shard.read_bytes())
    content[utterance.offset + utterance.arrays["mel"].offset] ^= 1
    shard.write_bytes(content)
    with pytest.raises(tf.errors.OpError, match=f"checksum of {utterance.id} differs"):
        arrays(batches(FeatureSet(copy), VOICE, Crops(40, 5, seed=0), steps=1))


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
from tfvc.data import Crops, FeatureSet, batches
dataset = batches(FeatureSet(sys.argv[1]), ("mel", "speaker_embedding"), Crops(32, 6, seed=0), steps=3)
for whole, parts in zip(dataset, strategy.experimental_distribute_dataset(dataset)):
    mels = [part.numpy() for part in parts["mel"].values]
    assert [len(mel) for mel in mels] == [3, 3]
    print("same" if (np.concatenate(mels) == whole["mel"].numpy()).all() else "other")
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
