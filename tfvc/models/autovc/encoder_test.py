import json

import keras
import pytest

from tfvc.audio import named_spec
from tfvc.common.errors import TfvcError
from tfvc.common.maker import Maker
from tfvc.models.autovc import AutoVC, AutoVCConfig
from tfvc.models.autovc.encoder import assume_encoder, read_encoder

NARROW = AutoVCConfig(neck=4, freq=8, conv_channels=8, decoder_lstm1=8, decoder_lstm2=8)
MELS = named_spec("hifigan_22k")


def official():
    return AutoVCConfig.from_name("official"), named_spec("autovc_16k")


@pytest.mark.parametrize("encoder", [Maker("ge2e", "ab" * 32), Maker("dvector"), None])
def test_a_preset_says_what_its_embeddings_come_from(tmp_path, encoder):
    AutoVC(NARROW, MELS, encoder).save_to_preset(tmp_path / "x")
    assert (tmp_path / "x/encoder.json").exists() == (encoder is not None)
    model = AutoVC.from_preset(tmp_path / "x")
    assert model.speaker_encoder == encoder
    assert AutoVC.from_preset(tmp_path / "x", speaker_encoder=Maker("other")).speaker_encoder == Maker("other")
    (note,) = model.notes()
    assert note == (
        f"takes speaker embeddings of {encoder}: convert with that encoder"
        if encoder
        else "does not say what its speaker embeddings come from"
    )


def test_named_architectures_have_the_encoder_that_they_are_used_with():
    assert AutoVC.from_name("small").speaker_encoder == Maker("ge2e")
    changed = AutoVC.from_name("official", config=NARROW, mel_spec=MELS)
    assert (changed.config, changed.mel_spec, changed.speaker_encoder) == (NARROW, MELS, Maker("dvector"))
    assert AutoVC.inputs_of_name("article") == {"speaker_encoder": Maker("dvector")}
    assert AutoVC.from_name("small", config=NARROW, speaker_encoder=None).speaker_encoder is None
    assert AutoVCConfig.encoders.keys() == AutoVCConfig.named.keys()


def test_keras_keeps_it(tmp_path):
    model = AutoVC(NARROW, MELS, Maker("ge2e", "00"))
    assert type(model).from_config(model.get_config()).speaker_encoder == Maker("ge2e", "00")
    model.save(tmp_path / "x.keras")
    assert keras.models.load_model(tmp_path / "x.keras").speaker_encoder == Maker("ge2e", "00")
    assert AutoVC.from_config(AutoVC(NARROW).get_config()).speaker_encoder is None


def test_what_to_dict_gave_is_taken_too():
    assert AutoVC(NARROW, speaker_encoder=Maker("ge2e", "00").to_dict()).speaker_encoder == Maker("ge2e", "00")


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "ge2e"}', '{"name": 3, "sha256": null}'])
def test_a_damaged_record_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "encoder.json").write_text(text)
    with pytest.raises(TfvcError, match=r"encoder\.json: ") as refusal:
        read_encoder(tmp_path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("record", "model", "name"),
    [
        ({"model": "autovc", "data": "corpus", "steps": 3}, (NARROW, MELS), "ge2e"),
        ({"model": "autovc", "data": "corpus", "steps": 3}, official(), "ge2e"),
        ({"imported_from": "autovc.ckpt"}, official(), "dvector"),
        ({"imported_from": ["encoder.h5"]}, (AutoVCConfig.from_name("article"), official()[1]), "dvector"),
        ({"imported_from": "mine.pt"}, (AutoVCConfig.from_name("small"), MELS), "ge2e"),
    ],
)
def test_of_older_presets_it_is_told_by_where_they_come_from(tmp_path, record, model, name):
    (tmp_path / "training.json").write_text(json.dumps(record))
    maker, reason = assume_encoder(tmp_path, *model)
    assert maker == Maker(name)
    assert reason


@pytest.mark.parametrize(
    ("record", "model"),
    [
        (None, official()),
        ({"steps": 3}, official()),
        ({"imported_from": "mine.pt"}, (NARROW, MELS)),
        ({"imported_from": "mine.pt"}, (AutoVCConfig.from_name("official"), MELS)),  # official sizes on other mels
    ],
)
def test_where_nothing_tells_it_has_to_be_named(tmp_path, record, model):
    if record is not None:
        (tmp_path / "training.json").write_text(json.dumps(record))
    with pytest.raises(TfvcError, match="--speaker-encoder") as refusal:
        assume_encoder(tmp_path, *model)
    assert "\n" not in str(refusal.value)
