import json
import shutil

import numpy as np
import pytest

from tfvc.audio import Recording, named_spec
from tfvc.common.errors import TfvcError
from tfvc.common.maker import Maker
from tfvc.models.speaker_encoder import SpeakerEncoder
from tfvc.models.speaker_encoder.published import WEIGHTS_SHA256
from tfvc.voices.autovc import AutoVCVoice
from tfvc.voices.conftest import SPEC, narrow_autovc, narrow_encoder, sung
from tfvc.voices.vocoders import GriffinLim
from tfvc.voices.voice import SpeakingVoice, Voice, Voiceprint


def one_line(problem):
    assert "\n" not in str(problem.value)
    return str(problem.value)


@pytest.fixture(scope="module")
def ear():
    return narrow_encoder()


@pytest.fixture(scope="module")
def voice(ear):
    return AutoVCVoice(narrow_autovc(speaker_encoder=ear.maker), ear, GriffinLim(SPEC, iterations=2))


def test_it_is_a_voice_that_does_not_speak(voice):
    assert isinstance(voice, Voice)
    assert not isinstance(voice, SpeakingVoice)


def test_what_comes_out_is_a_recording_as_long_as_the_source(voice):
    source, target = Recording(sung(16001, 120), 16000, "a.wav"), voice.targets([Recording(sung(20000, 200), 16000)])
    spoken = voice.convert(source, target)
    assert (spoken.sample_rate, spoken.name) == (22050, "a.wav, converted")
    assert abs(spoken.seconds - source.seconds) < 1e-4
    np.testing.assert_array_equal(spoken.wave, voice.vocode(voice.convert_mel(source, target), source).wave)


def test_source_and_target_are_embedded_alike(voice, monkeypatch):
    """Each once, from the waveform at its own rate."""
    source, target = Recording(sung(24000, 150), 48000), Recording(sung(20000, 150), 8000)
    given = []

    def embed(wave, rate):
        given.append((len(wave), rate))
        return np.ones(256, np.float32)

    monkeypatch.setattr(voice.speaker_encoder, "embed_utterance", embed)
    for _ in range(2):
        voice.convert_mel(source, voice.targets([target]))
    assert given == [(20000, 8000), (24000, 48000)]


def test_targets_are_the_mean_of_their_recordings_and_no_names(voice):
    recordings = [Recording(sung(20000, 180), 16000), Recording(sung(30000, 240), 16000)]
    target = voice.targets(recordings)
    expected = np.mean([voice.targets([recording]).vector for recording in recordings], axis=0)
    # Two ways to a mean of two float32 vectors of length 1; a recording left out makes 1e-1.
    np.testing.assert_allclose(target.vector, expected, rtol=0, atol=1e-5)
    assert target.maker == voice.speaker_encoder.maker
    with pytest.raises(TfvcError, match="anna: AutoVC knows no speakers by name"):
        voice.targets("anna")
    with pytest.raises(TfvcError, match="at least one"):
        voice.targets([])


def test_a_voiceprint_of_another_encoder_is_refused(voice):
    source = Recording(sung(16000, 120), 16000)
    vector = voice.targets([source]).vector
    for maker in (Maker("dvector"), Maker("speaker_encoder", "00" * 32)):
        with pytest.raises(TfvcError, match=f"voiceprint of {maker.name} .*takes those of speaker_encoder"):
            voice.convert(source, Voiceprint(vector, maker))
    np.testing.assert_array_equal(
        voice.convert_mel(source, Voiceprint(vector)), voice.convert_mel(source, Voiceprint(vector, voice.maker))
    )


def test_another_encoder_than_that_of_the_training_is_refused_with_both_named(ge2e, ear):
    vocoder = GriffinLim(SPEC)
    with pytest.raises(TfvcError) as problem:
        AutoVCVoice(narrow_autovc(speaker_encoder=Maker("dvector")), ge2e, vocoder)
    assert one_line(problem) == (
        f"the model was trained on embeddings of dvector, the speaker encoder is ge2e ({WEIGHTS_SHA256[:12]}); name "
        "the right one by --speaker-encoder (tfvc import-torch speaker_encoder FILE --preset dvector --out DIR)"
    )
    with pytest.raises(TfvcError, match=r"of ge2e \(0123\), the speaker encoder is ge2e .*\(tfvc fetch ge2e\)"):
        AutoVCVoice(narrow_autovc(speaker_encoder=Maker("ge2e", "0123")), ge2e, vocoder)
    with pytest.raises(TfvcError, match="the speaker encoder is speaker_encoder"):
        AutoVCVoice(narrow_autovc(speaker_encoder=Maker("speaker_encoder", "0123")), ear, vocoder)
    for wanted in (Maker("ge2e", WEIGHTS_SHA256), Maker("ge2e"), None):
        AutoVCVoice(narrow_autovc(speaker_encoder=wanted), ge2e, vocoder)


def test_without_a_name_the_preset_called_as_the_maker_is_taken(checkpoints):
    encoder = SpeakerEncoder.from_preset("ear")
    narrow_autovc(speaker_encoder=Maker("ear", encoder.maker.sha256)).save_to_preset(checkpoints / "mine")
    # An encoder of other sizes is called speaker_encoder, wherever it lies.
    with pytest.raises(TfvcError, match=r"mine was trained on embeddings of ear \(.*\), the speaker encoder is speak"):
        AutoVCVoice.from_preset("mine")
    narrow_autovc(speaker_encoder=encoder.maker).save_to_preset(checkpoints / "mine")
    with pytest.raises(TfvcError, match=r"no preset is called speaker_encoder; name the right one by --speaker-enc"):
        AutoVCVoice.from_preset("mine")
    voice = AutoVCVoice.from_preset("mine", "mouth", "ear")
    assert (voice.maker, voice.notes) == (encoder.maker, ())
    shutil.copytree(checkpoints / "ear", checkpoints / "speaker_encoder")
    assert AutoVCVoice.from_preset("mine").maker == encoder.maker


def test_an_encoder_that_is_not_there_is_told_how_to_get(checkpoints, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(checkpoints / "nothing"))
    for name, words in (("dvector", "tfvc import-torch speaker_encoder FILE --preset dvector"), ("ge2e", "fetch ge2e")):
        narrow_autovc(speaker_encoder=Maker(name)).save_to_preset(checkpoints / "mine")
        with pytest.raises(TfvcError, match=f"no preset is called {name}; .*{words}") as problem:
            AutoVCVoice.from_preset("mine")
        one_line(problem)


def test_of_a_preset_that_does_not_say_it_is_assumed_and_said(checkpoints, ge2e):
    record = {"model": "autovc", "data": "corpus", "steps": 3}
    narrow_autovc(speaker_encoder=None).save_to_preset(checkpoints / "mine", training=record)
    voice = AutoVCVoice.from_preset("mine")
    assert voice.maker == ge2e.maker
    (note,) = voice.notes
    assert "does not say what its speaker embeddings come from; ge2e is assumed (tfvc train had no other" in note
    assert AutoVCVoice.from_preset("mine", speaker_encoder="ear").notes == ()
    (checkpoints / "mine/training.json").write_text(json.dumps({"imported_from": "x.pt"}))
    with pytest.raises(TfvcError, match=r"mine: does not say .* --speaker-encoder"):
        AutoVCVoice.from_preset("mine")


def test_mels_are_compared_before_the_encoder_is_looked_for(checkpoints):
    mels = named_spec("autovc_16k")
    narrow_autovc(mels, speaker_encoder=Maker("nowhere")).save_to_preset(checkpoints / "mine")
    with pytest.raises(TfvcError, match="different mels"):
        AutoVCVoice.from_preset("mine", "mouth")
