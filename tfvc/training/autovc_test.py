import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from tfvc.audio import named_spec
from tfvc.common.errors import TfvcError
from tfvc.data import FeatureSet, prepare
from tfvc.models.autovc import AutoVC
from tfvc.models.melgan import MelGANConfig
from tfvc.training.autovc import AutoVCTraining, mean_mel
from tfvc.training.base import Corpus
from tfvc.training.checkpoints import Checkpoints
from tfvc.training.config import TrainingConfig
from tfvc.training.conftest import EMBEDDER, losses, silent, summaries
from tfvc.training.melgan import MelGANTraining, MelGANTrainingConfig

SETTINGS = TrainingConfig(
    frames=24, warp=0.1, validation_speakers=1, validate_every=6, checkpoint_every=4, learning_rate=3e-3
)


def training(feature_folder, out, narrow, **changes):
    described = {"settings": SETTINGS, "steps": 14, "batch_size": 3, "seed": 5, "mixed_precision": False} | changes
    return AutoVCTraining(feature_folder, out, narrow, **described)


@pytest.fixture(scope="module")
def finished(feature_folder, narrow, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "run"
    training(feature_folder, out, narrow).run(resume=False, report=silent)
    return out


def test_a_run_leaves_losses_checkpoints_pictures_and_a_preset(finished):
    steps = losses(finished)
    assert [line["step"] for line in steps] == list(range(1, 15))
    assert set(steps[0]) == {"step", "loss", "reconstruction", "postnet", "content"}
    assert steps[-1]["loss"] < steps[0]["loss"]
    for line in steps:
        assert line["loss"] == pytest.approx(line["reconstruction"] + line["postnet"] + line["content"], rel=1e-5)
    assert Checkpoints(finished / "checkpoints", 2).steps() == [12, 14]

    events = summaries(finished)
    tags = {value.tag for value in events}
    assert {"validation/loss", "conversion"} <= tags
    record = json.loads((finished / "preset/training.json").read_text())
    assert record["steps"] == 14
    assert len(record["held_out_speakers"]) == 1
    assert record["training_speakers"] == 3
    assert record["speaker_encoder"] == EMBEDDER.maker.to_dict()
    assert record["losses"]["loss"] == pytest.approx(np.mean([line["loss"] for line in steps]))
    validated = [v for v in events if v.tag == "validation/loss"][-1]
    assert record["validation_losses"]["loss"] == pytest.approx(float(tf.make_ndarray(validated.tensor)), rel=1e-5)
    assert list(record["validation_curves"]["loss"]) == ["6", "12", "14"]
    assert record["validation_curves"]["loss"]["14"] == record["validation_losses"]["loss"]


def test_the_preset_holds_the_last_weights(finished, narrow):
    model = AutoVC.from_preset(finished / "preset")
    assert model.mel_spec.sample_rate == 22050
    assert model.config == narrow
    assert model.speaker_encoder == EMBEDDER.maker
    assert int(model.encoder.convolutions[0].norm.num_batches_tracked) == 28


def test_the_seed_decides_everything(feature_folder, narrow, finished, tmp_path):
    training(feature_folder, tmp_path / "again", narrow).run(resume=False, report=silent)
    assert (tmp_path / "again/losses.jsonl").read_bytes() == (finished / "losses.jsonl").read_bytes()
    training(feature_folder, tmp_path / "other", narrow, seed=6, steps=2).run(resume=False, report=silent)
    assert losses(tmp_path / "other")[0] != losses(finished)[0]


CHILD = """
import dataclasses
import json
import sys
from pathlib import Path
from tfvc.models.autovc import AutoVCConfig
from tfvc.training.autovc_test import silent, training
narrow = AutoVCConfig.from_dict(json.loads(sys.argv[3]))
training(Path(sys.argv[1]), Path(sys.argv[2]), narrow).run(resume=True, report=silent)
"""


@pytest.mark.parametrize("killed_after", [3, 6, 11])
def test_a_killed_run_goes_on_to_the_same_losses_and_weights(feature_folder, narrow, finished, tmp_path, killed_after):
    out = tmp_path / "run"
    command = [sys.executable, "-c", CHILD, str(feature_folder), str(out), json.dumps(narrow.to_dict())]
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    written = out / "losses.jsonl"
    while child.poll() is None and not (written.exists() and len(written.read_bytes().splitlines()) >= killed_after):
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not (out / "preset").exists()

    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    for name in ("losses.jsonl", "validation.jsonl"):
        assert (out / name).read_bytes() == (finished / name).read_bytes()
    mine, theirs = AutoVC.from_preset(out / "preset"), AutoVC.from_preset(finished / "preset")
    for a, b in zip(mine.weights, theirs.weights, strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes(), a.path


def test_a_finished_run_resumes_to_nothing_to_do(feature_folder, narrow, finished):
    before = (finished / "losses.jsonl").read_bytes()
    training(feature_folder, finished, narrow).run(resume=True, report=silent)
    assert (finished / "losses.jsonl").read_bytes() == before


def test_a_run_is_neither_overwritten_nor_continued_otherwise(feature_folder, narrow, finished, tmp_path):
    with pytest.raises(TfvcError, match="add --resume"):
        training(feature_folder, finished, narrow).run(resume=False, report=silent)
    with pytest.raises(TfvcError, match="begun with batch_size = 3, not 4"):
        training(feature_folder, finished, narrow, batch_size=4).run(resume=True, report=silent)
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(TfvcError, match="not a training run"):
        training(feature_folder, tmp_path, narrow).run(resume=True, report=silent)


def test_embeddings_that_do_not_fit_are_refused_before_anything_is_written(feature_folder, narrow, tmp_path):
    small = dataclasses.replace(narrow, embedding=64)
    words = r"embeddings, made by spectrum \(0{12}\), have 256 values, the model wants 64; .* --speaker-encoder"
    with pytest.raises(TfvcError, match=words):
        training(feature_folder, tmp_path / "run", small).run(resume=False, report=silent)
    assert not (tmp_path / "run").exists()


def test_without_embeddings_a_vocoder_can_be_trained_and_autovc_cannot(corpus_folder, narrow, tmp_path):
    data = tmp_path / "data"
    prepare(corpus_folder, data, named_spec("hifigan_22k"))
    with pytest.raises(TfvcError, match=r"has no embedding, .* --speaker-encoder"):
        training(data, tmp_path / "run", narrow).run(resume=False, report=silent)
    assert not (tmp_path / "run").exists()
    vocoder = MelGANTraining(data, tmp_path / "run", MelGANConfig(), MelGANTrainingConfig(), 1, 2, 0)
    vocoder.check(FeatureSet(data))
    (batch,) = vocoder.batches(Corpus.split(FeatureSet(data), 0, 0), 0)
    assert {name: tensor.shape for name, tensor in batch.items()} == {"waveform": (2, 8192)}


def test_a_run_is_not_continued_on_embeddings_of_another_encoder(feature_folder, narrow, finished, tmp_path):
    data = shutil.copytree(feature_folder, tmp_path / feature_folder.name)
    text = (data / "features.json").read_text()
    (data / "features.json").write_text(text.replace("0" * 64, "1" * 64))
    with pytest.raises(TfvcError, match=r"begun with speaker_encoder = .*'0000.*, not .*'1111"):
        training(data, finished, narrow).run(resume=True, report=silent)


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_last_checkpoint(
    feature_folder, narrow, tmp_path, monkeypatch
):
    original = AutoVC.compute_losses
    seen = tf.Variable(0)

    def spoiled(self, mel, embedding, training, encoder_mel=None):
        found = original(self, mel, embedding, training, encoder_mel)
        factor = tf.where(seen.assign_add(1) < 7, 1.0, np.nan) if training else 1.0
        return {name: value * factor for name, value in found.items()}

    monkeypatch.setattr(AutoVC, "compute_losses", spoiled)
    with pytest.raises(TfvcError, match=r"loss is nan at step 7; the last good checkpoint is .*step-00000004"):
        training(feature_folder, tmp_path / "run", narrow).run(resume=False, report=silent)
    assert Checkpoints(tmp_path / "run/checkpoints", 2).steps() == [4]
    assert len(losses(tmp_path / "run")) == 6
    assert not (tmp_path / "run/preset").exists()


def test_a_checkpoint_with_weights_that_are_not_finite_is_not_written(feature_folder, narrow, tmp_path):
    model = AutoVC(narrow)
    model.decoder.linear_projection.bias.assign(np.full(80, np.inf))
    with pytest.raises(TfvcError, match="not finite after step 9; there is no checkpoint yet"):
        Checkpoints(tmp_path, 2).save(model, 9)
    assert list(tmp_path.iterdir()) == []


def test_mixed_precision_trains(feature_folder, narrow, tmp_path):
    training(feature_folder, tmp_path / "run", narrow, mixed_precision=True).run(resume=False, report=silent)
    steps = losses(tmp_path / "run")
    assert steps[-1]["loss"] < steps[0]["loss"]
    assert AutoVC.from_preset(tmp_path / "run/preset").decoder.linear_projection.kernel.dtype == "float32"


def test_the_decoder_starts_at_the_mean_mel_of_the_training_speakers(feature_folder):
    features = FeatureSet(feature_folder)
    frames = np.concatenate(
        [features.array(i, "mel") for i, u in enumerate(features.utterances) if u.speaker != "cara"]
    )
    np.testing.assert_allclose(mean_mel(features, ["anna", "bert", "dora"]), frames.mean(axis=0), rtol=1e-5)


def test_damage_in_the_feature_set_is_one_line(feature_folder, narrow, tmp_path):
    damaged = tmp_path / "damaged"
    shutil.copytree(feature_folder, damaged)
    utterance = FeatureSet(damaged).utterances[0]
    shard = damaged / "shards" / utterance.shard
    content = bytearray(shard.read_bytes())
    content[utterance.payload_offset + utterance.payload_length // 2] ^= 1
    shard.write_bytes(content)
    with pytest.raises(TfvcError, match=r"checksum .* run tfvc prepare again") as refusal:
        training(damaged, tmp_path / "run", narrow, steps=40, settings=TrainingConfig(frames=24)).run(False, silent)
    assert "\n" not in str(refusal.value)
