import shutil

import numpy as np
import pytest
import tensorflow as tf

from tfvc.common.errors import TfvcError
from tfvc.data import FeatureSet


@pytest.fixture
def copy(prepared, tmp_path):
    """A copy of the prepared set, free to be damaged."""
    return shutil.copytree(prepared, tmp_path / "set")


def test_pieces_are_pieces_of_the_whole(features):
    for index, utterance in enumerate(features.utterances):
        whole = features.read(index)
        assert whole["mel"].shape == (utterance.frames, 80)
        assert whole["mel"].dtype == whole["wave"].dtype == whole["embedding"].dtype == np.float32
        np.testing.assert_array_equal(features.mel(index, 11, 7), whole["mel"][11:18])
        np.testing.assert_array_equal(features.mel(index, utterance.frames - 3, 7), whole["mel"][-3:])
        np.testing.assert_array_equal(features.wave(index, 1001, 333), whole["wave"][1001:1334])
        np.testing.assert_array_equal(features.wave(index, utterance.samples - 5, 9), whole["wave"][-5:])


def test_shards_are_ordinary_records(prepared, features):
    shards = sorted(str(path) for path in (prepared / "shards").iterdir())
    records = [tf.train.Example.FromString(record.numpy()) for record in tf.data.TFRecordDataset(shards)]
    assert len(records) == len(features)
    for index, record in enumerate(records):
        feature = record.features.feature
        assert feature["id"].bytes_list.value[0].decode() == features.utterances[index].id
        mel = np.frombuffer(feature["mel"].bytes_list.value[0], "<f4")
        np.testing.assert_array_equal(mel, features.mel(index).ravel())
        assert feature["frames"].int64_list.value[0] == features.utterances[index].frames


def test_reads_through_a_remote_file_system(prepared, features):
    for path in prepared.rglob("*"):
        if path.is_file():
            target = f"ram://set/{path.relative_to(prepared)}"
            tf.io.gfile.makedirs(target.rsplit("/", 1)[0])
            tf.io.gfile.copy(str(path), target, overwrite=True)
    remote = FeatureSet("ram://set/")
    remote.verify()
    assert remote.utterances == features.utterances
    np.testing.assert_array_equal(remote.mel(3, 5, 20), features.mel(3, 5, 20))
    np.testing.assert_array_equal(remote.wave(4), features.wave(4))


def test_an_unknown_speaker_is_an_error(features):
    with pytest.raises(TfvcError, match="no speaker 'dora'"):
        features.speaker_embedding("dora")


def test_a_flipped_bit_is_found(copy):
    features = FeatureSet(copy)
    utterance = features.utterances[2]
    shard = copy / "shards" / utterance.shard
    content = bytearray(shard.read_bytes())
    content[utterance.offset + utterance.wave_offset + 1000] ^= 4
    shard.write_bytes(content)
    features = FeatureSet(copy)
    features.mel(1)
    for read in (features.mel, features.wave, features.embedding, features.read):
        with pytest.raises(TfvcError, match=f"checksum of {utterance.id} differs"):
            read(2)
    with pytest.raises(TfvcError, match="checksum"):
        features.verify()


def damage_nothing_there(folder):
    shutil.rmtree(folder)


def damage_manifest_missing(folder):
    (folder / "manifest.jsonl").unlink()


def damage_manifest_empty(folder):
    (folder / "manifest.jsonl").write_text("")


def damage_manifest_text(folder):
    (folder / "manifest.jsonl").write_text("hello\n")


def damage_manifest_binary(folder):
    (folder / "manifest.jsonl").write_bytes(b"\xff\xfe\x00")


def damage_manifest_of_refusals(folder):
    shutil.copy(folder / "errors.jsonl", folder / "manifest.jsonl")


def damage_manifest_number(folder):
    text = (folder / "manifest.jsonl").read_text()
    (folder / "manifest.jsonl").write_text(text.replace('"mel_offset": ', '"mel_offset": 9999', 1))


def damage_manifest_negative(folder):
    text = (folder / "manifest.jsonl").read_text()
    (folder / "manifest.jsonl").write_text(text.replace('"offset": 0', '"offset": -1'))


def damage_manifest_place(folder):
    text = (folder / "manifest.jsonl").read_text()
    (folder / "manifest.jsonl").write_text(text.replace('"shard-0', '"../shard-0'))


def damage_mel_missing(folder):
    (folder / "mel.json").unlink()


def damage_mel_text(folder):
    (folder / "mel.json").write_text("{}")


def damage_speakers_list(folder):
    (folder / "speakers.json").write_text("[]")


def damage_speakers_gone(folder):
    (folder / "speakers.json").write_text('{"anna": {"embedding": [1.0]}}')


def damage_speakers_sizes(folder):
    (folder / "speakers.json").write_text(
        '{"anna": {"embedding": [1.0]}, "bert": {"embedding": [1.0, 2.0]}, "cara": {"embedding": [1.0]}}'
    )


def damage_shard_missing(folder):
    (folder / "shards/shard-00001.tfrecord").unlink()


def damage_shard_truncated(folder):
    shard = folder / "shards/shard-00001.tfrecord"
    shard.write_bytes(shard.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (damage_nothing_there, "no complete feature set"),
        (damage_manifest_missing, "no complete feature set"),
        (damage_manifest_empty, "manifest.jsonl is damaged: it lists no utterances"),
        (damage_manifest_text, "manifest.jsonl is damaged"),
        (damage_manifest_binary, "manifest.jsonl is damaged"),
        (damage_manifest_of_refusals, "it lists no utterances"),
        (damage_manifest_number, "arrays do not fit"),
        (damage_manifest_negative, "not inside the set"),
        (damage_manifest_place, "not inside the set"),
        (damage_mel_missing, "mel.json is damaged: it cannot be read"),
        (damage_mel_text, "mel.json is damaged"),
        (damage_speakers_list, "no table of speakers"),
        (damage_speakers_gone, "speakers are not those of the manifest"),
        (damage_speakers_sizes, "not vectors of one size"),
        (damage_shard_missing, "shard-00001.tfrecord is damaged: it is missing"),
        (damage_shard_truncated, r"shard-00001.tfrecord is damaged: \d+ bytes instead of \d+"),
    ],
)
def test_damaged_sets_are_refused_in_one_line(copy, damage, problem):
    damage(copy)
    with pytest.raises(TfvcError, match=problem) as caught:
        FeatureSet(copy)
    assert "\n" not in str(caught.value)
