"""A set of the first format, as the version of that time wrote it, by a small writer of our own."""

import json
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tfvc.common.errors import TfvcError
from tfvc.common.maker import Maker
from tfvc.data import Crops, FeatureSet, batches
from tfvc.data.conftest import EMBEDDER, SPEC, contents, prepare_cheaply
from tfvc.data.schema import embedding_feature


@dataclass(frozen=True)
class Old:
    """What was written: the folder, and waveform, mel and embedding of each utterance."""

    folder: Path
    arrays: list[tuple[np.ndarray, np.ndarray, np.ndarray]]


def write_old_set(folder: Path) -> Old:
    """Two speakers, three utterances, one shard."""
    (folder / "shards").mkdir(parents=True)
    rng, lines, written, payloads = np.random.default_rng(0), [], [], []
    offset = 0
    for number, samples in enumerate((5000, 7001, 6000)):
        waveform = rng.integers(-32768, 32768, samples).astype("<i2")
        mel = rng.standard_normal((samples // 256, 80)).astype("<f4")
        embedding = rng.standard_normal(16).astype("<f4")
        speaker = "anna" if number < 2 else "bert"
        payload = old_example(speaker, f"{speaker}/{number}", waveform, mel, embedding)
        at = [12 + payload.index(array.tobytes()) for array in (waveform, mel, embedding)]
        lines.append(
            {
                "id": f"{speaker}/{number}",
                "speaker": speaker,
                "file": f"{speaker}/{number}.wav",
                "seconds": samples / 22050,
                "samples": samples,
                "frames": len(mel),
                "shard": "shard-00000.tfrecord",
                "offset": offset,
                "length": len(payload) + 16,
                "crc32": zlib.crc32(payload),
                **dict(zip(("wave_offset", "mel_offset", "embedding_offset"), at, strict=True)),
                "embedding_size": 16,
                "source_bytes": 1,
                "source_mtime_ns": 2,
            }
        )
        offset += len(payload) + 16
        payloads.append(payload)
        written.append((waveform, mel, embedding))
    with tf.io.TFRecordWriter(str(folder / "shards/shard-00000.tfrecord")) as writer:
        for payload in payloads:
            writer.write(payload)
    means = {"anna": written[0][2] + written[1][2], "bert": written[2][2]}
    table = {name: {"utterances": 1, "seconds": 1.0, "embedding": mean.tolist()} for name, mean in means.items()}
    (folder / "mel.json").write_text(SPEC.to_json())
    (folder / "speakers.json").write_text(json.dumps(table))
    (folder / "errors.jsonl").write_text("")
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return Old(folder, written)


def old_example(speaker, id, waveform, mel, embedding) -> bytes:
    example = tf.train.Example()
    values = {"speaker": speaker.encode(), "id": id.encode(), "wave": waveform.tobytes()}
    for name, value in (values | {"mel": mel.tobytes(), "embedding": embedding.tobytes()}).items():
        example.features.feature[name].bytes_list.value.append(value)
    for name, value in {"sample_rate": 22050, "frames": mel.shape[0], "n_mels": mel.shape[1]}.items():
        example.features.feature[name].int64_list.value.append(value)
    return example.SerializeToString(deterministic=True)


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    return write_old_set(tmp_path_factory.mktemp("old") / "set")


def test_is_read_as_if_it_were_of_today(old):
    features = FeatureSet(old.folder)
    features.verify()
    assert features.spec == SPEC
    assert list(features.schema) == ["waveform", "mel", "embedding"]
    assert features.speaker_encoder == Maker("ge2e")
    assert features.schema["embedding"] == embedding_feature(Maker("ge2e"), 16)
    for index, (waveform, mel, embedding) in enumerate(old.arrays):
        np.testing.assert_array_equal(features.array(index, "waveform"), waveform / np.float32(32768))
        np.testing.assert_array_equal(features.array(index, "mel"), mel)
        np.testing.assert_array_equal(features.array(index, "embedding"), embedding)
    np.testing.assert_array_equal(features.speaker_embedding("bert"), old.arrays[2][2])


def test_is_trained_on(old):
    features = FeatureSet(old.folder)
    (batch,) = batches(features, ("mel", "waveform", "speaker_embedding"), Crops(8, 3, seed=0), steps=1)
    assert batch["mel"].shape == (3, 8, 80)
    assert batch["waveform"].shape == (3, 8 * 256)


def test_is_not_gone_on_with(old, corpus):
    before = contents(old.folder)
    with pytest.raises(TfvcError, match=r"by an earlier version of tfvc, .* choose another output folder") as caught:
        prepare_cheaply(corpus, old.folder, embedder=EMBEDDER)
    assert "\n" not in str(caught.value)
    assert contents(old.folder) == before


def test_an_interrupted_one_is_not_gone_on_with(old, corpus, tmp_path):
    shutil.copytree(old.folder, tmp_path / "out/.next")
    with pytest.raises(TfvcError, match="by an earlier version"):
        prepare_cheaply(corpus, tmp_path / "out")


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ('"frames": 19', '"frames": 19.5', "no whole number"),
        ('"mel_offset": ', '"mel_offset": 99999', "arrays do not fit"),
        ('"wave_offset"', '"waves"', "none of the first format"),
    ],
)
def test_damage_is_found(old, tmp_path, before, after, problem):
    copy = shutil.copytree(old.folder, tmp_path / "set")
    text = (copy / "manifest.jsonl").read_text()
    assert before in text
    (copy / "manifest.jsonl").write_text(text.replace(before, after, 1))
    with pytest.raises(TfvcError, match=f"manifest.jsonl is damaged: .*{problem}"):
        FeatureSet(copy)
