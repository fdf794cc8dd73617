import json
import shutil

import numpy as np
import pytest

from tfvc.audio import Recording
from tfvc.common.errors import TfvcError
from tfvc.models import family
from tfvc.models.autovc.family import FAMILY
from tfvc.models.family import Family, Network
from tfvc.models.speaker_encoder import SpeakerEncoder
from tfvc.voices.autovc import AutoVCVoice
from tfvc.voices.conftest import narrow_autovc, narrow_encoder, sung
from tfvc.voices.load import load_voice, save_voice
from tfvc.voices.vocoders import GriffinLim, NeuralVocoder
from tfvc.voices.voice import Voice, Voiceprint


@pytest.fixture
def mine(checkpoints):
    """`mine`: an AutoVC on the embeddings of `ear`."""
    narrow_autovc(speaker_encoder=SpeakerEncoder.from_preset("ear").maker).save_to_preset(checkpoints / "mine")
    return checkpoints / "mine"


def parts_of(folder):
    return json.loads((folder / "voice.json").read_text())["parts"]


def test_a_voice_in_the_preset_of_its_model_has_the_parts_it_names(mine):
    save_voice(mine, {"model": mine, "speaker_encoder": "ear", "vocoder": mine.parent / "mouth"})
    assert {name: part["preset"] for name, part in parts_of(mine).items()} == {
        "model": ".",
        "speaker_encoder": "ear",
        "vocoder": "../mouth",
    }
    voice = load_voice("mine")
    assert isinstance(voice, AutoVCVoice)
    assert isinstance(voice.vocoder, NeuralVocoder)
    assert voice.maker == SpeakerEncoder.from_preset("ear").maker
    assert isinstance(load_voice(mine, vocoder="griffin-lim").vocoder, GriffinLim)


def test_a_voice_may_be_a_folder_of_its_own_that_moves_with_its_parts(mine, tmp_path):
    folder = tmp_path / "bundle"
    for name in ("mine", "ear"):
        shutil.copytree(mine.parent / name, folder / name)
    save_voice(folder, {"model": folder / "mine", "speaker_encoder": folder / "ear", "vocoder": "griffin-lim"})
    assert parts_of(folder)["vocoder"] == {"preset": "griffin-lim", "sha256": None}
    shutil.move(folder, tmp_path / "moved")
    source = Recording(sung(16000, 120), 16000)
    there, here = load_voice(tmp_path / "moved"), load_voice(mine, speaker_encoder="ear")
    mels = [voice.convert_mel(source, voice.targets([source])) for voice in (there, here)]
    np.testing.assert_array_equal(*mels)


@pytest.mark.parametrize("name", ["model", "speaker_encoder", "vocoder"])
def test_a_part_with_other_weights_is_refused_by_name(mine, name):
    save_voice(mine, {"model": mine, "speaker_encoder": "ear", "vocoder": "mouth"})
    content = json.loads((mine / "voice.json").read_text())
    content["parts"][name]["sha256"] = "ab" * 32
    (mine / "voice.json").write_text(json.dumps(content))
    with pytest.raises(TfvcError, match=rf"voice\.json: the {name} .* has other weights .*abababababab") as problem:
        load_voice("mine")
    assert "\n" not in str(problem.value)
    if name == "vocoder":
        load_voice("mine", vocoder="griffin-lim")


def test_parts_that_do_not_fit_are_not_written(mine):
    narrow_encoder().save_to_preset(mine.parent / "other")  # drawn anew
    with pytest.raises(TfvcError, match="was trained on embeddings of speaker_encoder"):
        save_voice(mine, {"model": mine, "speaker_encoder": "other"})
    assert not (mine / "voice.json").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not the description of a voice"),
        ("[]", "one JSON object"),
        ('{"voice": "autovc"}', "expected {'voice'"),
        ('{"voice": "autovc", "parts": {}}', "'parts' has no 'model'"),
        ('{"voice": "autovc", "parts": {"model": "."}}', "model: expected {'preset'"),
        ('{"voice": "autovc", "parts": {"model": {"preset": 3, "sha256": null}}}', "model: preset must be a text"),
        ('{"voice": "tacotron", "parts": {"model": {"preset": ".", "sha256": null}}}', "tacotron: no such family"),
        ('{"voice": "melgan", "parts": {"model": {"preset": ".", "sha256": null}}}', "melgan has no voices"),
        (
            '{"voice": "autovc", "parts": {"model": {"preset": ".", "sha256": null}, "lips": '
            '{"preset": "mouth", "sha256": null}}}',
            "parts of a voice of autovc are others .*lips",
        ),
    ],
)
def test_a_file_that_is_no_description_is_refused_in_one_line(mine, content, words):
    (mine / "voice.json").write_text(content)
    with pytest.raises(TfvcError, match=words) as problem:
        load_voice("mine")
    assert "\n" not in str(problem.value)


def test_what_is_no_voice_is_refused(checkpoints):
    with pytest.raises(TfvcError, match=r"mouth: holds melgan, which is no voice; take a preset of .*autovc"):
        load_voice("mouth")
    with pytest.raises(TfvcError, match="nobody: no such preset"):
        load_voice("nobody")


class Echo:
    """Somebody else's voice: says everything backwards, and knows its speakers by name."""

    notes = ()

    def __init__(self, model):
        self.model = model

    @classmethod
    def from_preset(cls, model):
        return cls(model)

    def targets(self, recordings):
        return Voiceprint(np.array([len(recordings)]))

    def convert(self, source, target):
        return Recording(source.wave[::-1], source.sample_rate, source.name)


@pytest.fixture
def echo(tmp_path, monkeypatch):
    """A preset of a family that another package brings."""
    network = Network("echo_net", "nobody.echo:Echo", "nobody.echo:EchoConfig")
    record = Family("echo", (network,), voice="tfvc.voices.load_test:Echo")
    added = {"echo": record, "autovc": FAMILY}
    monkeypatch.setattr(family, "plugins", lambda group: added)
    (tmp_path / "echo").mkdir()
    (tmp_path / "echo/config.json").write_text('{"model": "echo_net", "config": {}}')
    return tmp_path / "echo"


def test_a_voice_of_another_package_is_found(echo):
    voice = load_voice(echo)
    assert isinstance(voice, Echo)
    assert isinstance(voice, Voice)
    assert voice.model == str(echo)
    with pytest.raises(TfvcError, match=r"parts of a voice of echo are others .*vocoder"):
        load_voice(echo, vocoder="griffin-lim")


def test_convert_speaks_through_a_voice_of_another_package(echo, tmp_path):
    from tfvc.audio import read, write
    from tfvc.cli.convert import convert

    write(tmp_path / "in.wav", sung(16000, 100), 16000)
    convert(tmp_path / "in.wav", [tmp_path / "in.wav"], tmp_path / "out.wav", model=str(echo))
    np.testing.assert_array_equal(read(tmp_path / "out.wav")[0], read(tmp_path / "in.wav")[0][::-1])
