import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tfvc.common.errors import TfvcError
from tfvc.data import FeatureSet
from tfvc.data.conftest import EMBEDDER, SPEC


@pytest.fixture
def copy(prepared, tmp_path):
    """A copy of the prepared set, free to be damaged."""
    return shutil.copytree(prepared, tmp_path / "set")


def test_pieces_are_pieces_of_the_whole(features):
    for index, utterance in enumerate(features.utterances):
        waveform, mel, embedding = (features.array(index, name) for name in ("waveform", "mel", "embedding"))
        assert mel.shape == (utterance.steps("mel"), 80)
        assert waveform.shape == (utterance.steps("waveform"),)
        assert embedding.shape == (16,)
        assert waveform.dtype == mel.dtype == embedding.dtype == np.float32
        np.testing.assert_array_equal(features.array(index, "mel", 11, 7), mel[11:18])
        np.testing.assert_array_equal(features.array(index, "mel", len(mel) - 3, 7), mel[-3:])
        np.testing.assert_array_equal(features.array(index, "waveform", 1001, 333), waveform[1001:1334])
        np.testing.assert_array_equal(features.array(index, "waveform", len(waveform) - 5, 9), waveform[-5:])
        assert features.array(index, "mel", len(mel) + 3, 7).shape == (0, 80)


def test_shards_are_ordinary_records(prepared, features):
    shards = sorted(str(path) for path in (prepared / "shards").iterdir())
    records = [tf.train.Example.FromString(record.numpy()) for record in tf.data.TFRecordDataset(shards)]
    assert len(records) == len(features)
    for index, record in enumerate(records):
        feature = record.features.feature
        assert feature["id"].bytes_list.value[0].decode() == features.utterances[index].id
        mel = np.frombuffer(feature["mel"].bytes_list.value[0], "<f4")
        np.testing.assert_array_equal(mel, features.array(index, "mel").ravel())
        assert list(feature["mel/shape"].int64_list.value) == [features.utterances[index].steps("mel"), 80]


def test_reads_through_a_remote_file_system(prepared, features):
    for path in prepared.rglob("*"):
        if path.is_file():
            target = f"ram://set/{path.relative_to(prepared)}"
            tf.io.gfile.makedirs(target.rsplit("/", 1)[0])
            tf.io.gfile.copy(str(path), target, overwrite=True)
    remote = FeatureSet("ram://set/")
    remote.verify()
    assert remote.utterances == features.utterances
    assert remote.schema == features.schema
    np.testing.assert_array_equal(remote.array(3, "mel", 5, 20), features.array(3, "mel", 5, 20))
    np.testing.assert_array_equal(remote.array(4, "waveform"), features.array(4, "waveform"))


def test_a_set_says_what_it_holds_and_who_made_it(features):
    assert list(features.schema) == ["waveform", "mel", "embedding"]
    assert features.spec == SPEC
    assert features.schema.sample_rate == 22050
    assert features.speaker_encoder == EMBEDDER.maker


def test_an_unknown_speaker_is_an_error(features):
    with pytest.raises(TfvcError, match="no speaker 'dora'"):
        features.speaker_embedding("dora")


def test_an_unknown_feature_is_an_error(features):
    with pytest.raises(TfvcError, match="has no codes, it has waveform, mel, embedding"):
        features.array(0, "codes")


def test_a_flipped_bit_is_found(copy):
    features = FeatureSet(copy)
    utterance = features.utterances[2]
    shard = copy / "shards" / utterance.shard
    content = bytearray(shard.read_bytes())
    content[utterance.offset + utterance.arrays["waveform"].offset + 1000] ^= 4
    shard.write_bytes(content)
    features = FeatureSet(copy)
    features.array(1, "mel")
    for name in features.schema:
        with pytest.raises(TfvcError, match=f"checksum of {utterance.id} differs"):
            features.array(2, name)
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
    (folder / "manifest.jsonl").write_text(text.replace('"mel": [', '"mel": [9999', 1))


def damage_manifest_shape(folder):
    text = (folder / "manifest.jsonl").read_text()
    (folder / "manifest.jsonl").write_text(text.replace(", 80]", ", 40]", 1))


def damage_manifest_names(folder):
    text = (folder / "manifest.jsonl").read_text()
    (folder / "manifest.jsonl").write_text(text.replace('"mel": [', '"codes": [', 1))


def damage_manifest_of_first_format(folder):
    text = (folder / "manifest.jsonl").read_text()
    (folder / "manifest.jsonl").write_text(text.replace('"arrays"', '"frames"', 1))


def damage_manifest_negative(folder):
    text = (folder / "manifest.jsonl").read_text()
    (folder / "manifest.jsonl").write_text(text.replace('"offset": 0', '"offset": -1'))


def damage_manifest_place(folder):
    text = (folder / "manifest.jsonl").read_text()
    (folder / "manifest.jsonl").write_text(text.replace('"shard-0', '"../shard-0'))


def damage_features_missing(folder):
    (folder / "features.json").unlink()


def damage_features_text(folder):
    (folder / "features.json").write_text("{}")


def damage_features_later(folder):
    text = (folder / "features.json").read_text()
    (folder / "features.json").write_text(text.replace('"version": 2', '"version": 3'))


def damage_speakers_without_embeddings(folder):
    (folder / "speakers.json").write_text('{"anna": {}, "bert": {}, "cara": {}}')


def damage_speakers_list(folder):
    (folder / "speakers.json").write_text("[]")


def damage_speakers_gone(folder):
    table = json.loads((folder / "speakers.json").read_text())
    (folder / "speakers.json").write_text(json.dumps({"anna": table["anna"]}))


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
        (damage_manifest_shape, "arrays do not fit"),
        (damage_manifest_names, "has waveform, codes, embedding where the set has waveform, mel, embedding"),
        (damage_manifest_of_first_format, "manifest.jsonl is damaged: has the keys"),
        (damage_features_missing, "features.json is damaged: it cannot be read"),
        (damage_features_text, "features.json is damaged: it is no list of features"),
        (damage_features_later, "its format is 3, this version of tfvc reads 2"),
        (damage_speakers_without_embeddings, "no table of speakers with embeddings"),
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
