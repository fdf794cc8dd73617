import re

import numpy as np
import pytest

from tfvc.audio import Recording
from tfvc.common.errors import TfvcError
from tfvc.models.vits import ToneConverter, ToneConverterConfig
from tfvc.models.vits.upstream import linear_spec
from tfvc.text import TextFrontEnd
from tfvc.voices.conftest import TEXTS, narrow_encoder, narrow_vits, sung
from tfvc.voices.load import load_voice
from tfvc.voices.tone import ToneVoice
from tfvc.voices.vits import VITSVoice
from tfvc.voices.vits_speakers import EmbeddedSpeakers, OneSpeaker, TableOfSpeakers, argument
from tfvc.voices.voice import Manner, SpeakingVoice, Voice, VoiceOfSpeakers, Voiceprint
from tfvc.voices.windows import in_windows

TEXT = "Hello there. How are you, my friend! Bye!"
SILENT = Manner(noise=0.0, duration_noise=0.0)


def one_line(problem):
    assert "\n" not in str(problem.value)
    return str(problem.value)


@pytest.fixture(scope="module")
def one():
    return VITSVoice(narrow_vits(), OneSpeaker())


@pytest.fixture(scope="module")
def table():
    return VITSVoice(narrow_vits(n_speakers=3, gin_channels=5), TableOfSpeakers(3, {"anna": 0, "ben": 2}))


@pytest.fixture(scope="module")
def embedded():
    return VITSVoice(narrow_vits(embedding_size=256, gin_channels=256), EmbeddedSpeakers(narrow_encoder()))


@pytest.fixture(scope="module")
def tone():
    sizes = {"spec_channels": 17, "inter_channels": 4, "hidden_channels": 6, "gin_channels": 5, "posterior_layers": 2}
    sizes |= {"flow_layers": 2, "n_flows": 2, "reference_filters": (4, 4), "reference_units": 4}
    sizes |= {"upsample_rates": (4, 2), "upsample_kernel_sizes": (8, 4), "upsample_initial_channel": 8}
    model = ToneConverter(ToneConverterConfig(**sizes), linear_spec(8000, 32, 8, 32))
    draw = np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(draw.normal(0, 0.2, variable.shape))
    return ToneVoice(model)


def test_what_the_voices_are(one, table, embedded, tone):
    for voice in (one, table, embedded):
        assert isinstance(voice, SpeakingVoice)
        assert isinstance(voice, VoiceOfSpeakers)
    assert isinstance(tone, Voice)
    assert not isinstance(tone, SpeakingVoice | VoiceOfSpeakers)
    assert (one.speakers, table.speakers) == ((), ("anna", "ben"))
    assert TableOfSpeakers(3, {}).names == ("0", "1", "2")


def test_a_sentence_is_what_the_model_infers(table):
    """With the noise that the voice draws, and the decoder in one go."""
    model, (utterance,) = table.model, table.read("hello there, anna")
    draw = np.random.default_rng([7, 0])
    duration_noise = draw.standard_normal((1, len(utterance.ids), 2)).astype("f4")
    spoken = table.speak("hello there, anna", table.targets("ben"), Manner(seed=7, speed=0.5))
    frames = len(spoken.wave) // 8
    noise = draw.standard_normal((1, frames, 4)).astype("f4")
    lengths = np.array([len(utterance.ids)])
    expected = model.infer(np.array([utterance.ids]), lengths, noise, duration_noise, np.array([2]), 0.667, 2.0, 0.8)
    assert int(expected["frames"][0]) == frames
    np.testing.assert_allclose(spoken.wave, expected["waveform"][0, :, 0], rtol=0, atol=1e-5)
    assert spoken.sample_rate == 8000


def test_the_same_seed_gives_the_same_sound_and_speed_and_noise_change_it(one):
    who = one.only_speaker()
    first = one.speak(TEXT, who, Manner(seed=3)).wave
    np.testing.assert_array_equal(first, one.speak(TEXT, who, Manner(seed=3)).wave)
    assert not np.array_equal(first, one.speak(TEXT, who, Manner(seed=4)).wave)
    silent = one.speak(TEXT, who, SILENT).wave
    np.testing.assert_array_equal(silent, one.speak(TEXT, who, Manner(5, 1.0, 0.0, 0.0)).wave)
    slow = one.speak(TEXT, who, Manner(speed=0.25, noise=0.0, duration_noise=0.0)).wave
    assert len(slow) > 1.3 * len(silent)


def test_sentences_are_spoken_one_by_one_with_pauses(one):
    utterances, who = one.read(TEXT), one.only_speaker()
    assert len(utterances) == 3
    pieces = list(one.utter(utterances, who, Manner()))
    whole = one.speak(TEXT, who).wave
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    assert all((piece[:1600] == 0).all() and piece[1600] != 0 for piece in pieces[1:])
    # A sentence sounds as it does behind others; only its place tells its noise.
    np.testing.assert_array_equal(next(iter(one.utter(utterances[:1], who, Manner()))), pieces[0])


def test_a_long_sentence_is_decoded_in_windows(one):
    long = "a" * 350
    spoken = one.speak(long, one.only_speaker(), Manner(speed=0.1, noise=0.0, duration_noise=0.0)).wave
    frames = len(spoken) // 8
    assert frames > 600
    (utterance,) = one.read(long)
    ids, noise = np.array([utterance.ids]), np.zeros((1, frames, 4), "f4")
    silence = np.zeros((1, ids.shape[1], 2), "f4")
    expected = one.model.infer(ids, np.array([ids.shape[1]]), noise, silence, None, 0.0, 10.0, 0.0)
    np.testing.assert_allclose(spoken, expected["waveform"][0, :, 0], rtol=0, atol=1e-5)


def test_a_voice_is_spoken_with_its_own_scales():
    tables = {"symbols": TEXTS, "speaking": {"noise_scale": 0.0, "duration_noise_scale": 0.0, "length_scale": 4.0}}
    own, usual = (VITSVoice(narrow_vits(tables=t), OneSpeaker()) for t in (tables, {"symbols": TEXTS}))
    slow = Manner(speed=0.25, noise=0.0, duration_noise=0.0)
    who = own.only_speaker()
    np.testing.assert_array_equal(own.speak(TEXT, who, Manner(seed=8)).wave, usual.speak(TEXT, who, slow).wave)


def test_a_model_of_durations_by_regression_speaks():
    voice = VITSVoice(narrow_vits(use_sdp=False, duration_filters=7), OneSpeaker())
    assert np.isfinite(voice.speak(TEXT, voice.only_speaker()).wave).all()


@pytest.mark.parametrize("samples", [400, 3999, 30001])
def test_conversion_is_the_models_in_one_go_and_as_long_as_the_source(table, samples):
    source = Recording(sung(samples, 120), 8000, "a.wav")
    spoken = table.convert(source, table.targets("ben"), table.targets("anna"))
    assert (len(spoken.wave), spoken.sample_rate, spoken.name) == (samples, 8000, "a.wav, converted")
    spectrogram = source.mel(table.model.mel_spec)[None]
    noise = table._conversion._noise(0, 0, spectrogram.shape[1])[None].astype("f4")
    lengths = np.array([spectrogram.shape[1]])
    whole = table.model.convert(spectrogram, lengths, np.array([0]), np.array([2]), noise)["waveform"][0, :, 0]
    expected = np.zeros(samples, np.float32)
    expected[: len(whole)] = whole[:samples]
    np.testing.assert_allclose(spoken.wave, expected, rtol=0, atol=1e-5)
    assert np.abs(table.convert(source, table.targets("1"), table.targets("anna")).wave - spoken.wave).max() > 1e-3


def test_recordings_say_who_speaks_where_the_model_takes_embeddings(embedded, tone):
    source, target = Recording(sung(16000, 120), 16000, "a.wav"), Recording(sung(32000, 220), 16000, "b.wav")
    for voice in (embedded, tone):
        who = voice.targets([target])
        spoken = voice.convert(source, who)
        other = voice.convert(source, Voiceprint(who.vector + 1, who.maker))
        assert len(spoken.wave) == 8000
        assert np.abs(spoken.wave - other.wave).max() > 1e-3 * np.abs(spoken.wave).max()
        assert not np.array_equal(who.vector, voice.targets([source]).vector)
    assert np.isfinite(embedded.speak(TEXT, embedded.targets([target])).wave).all()
    vector = tone.targets([source]).vector
    spectrogram = source.mel(tone.model.mel_spec)[None]
    np.testing.assert_allclose(vector, tone.model.embed(spectrogram)[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda one, table, embedded, tone: one.read(""), "the text is empty"),
        (lambda one, table, embedded, tone: one.read("7 up"), r"no symbol for '7' U\+0037 \(in '7'\)"),
        (lambda one, table, embedded, tone: one.targets("anna"), "no speaker 'anna': the voice has one speaker"),
        (lambda one, table, embedded, tone: one.targets([]), "does not take the voice of a recording"),
        (
            lambda one, table, embedded, tone: table.targets("carl"),
            "no speaker 'carl' in the voice; there are anna, ben",
        ),
        (lambda one, table, embedded, tone: table.targets("3"), "no speaker '3' in the voice"),
        (lambda one, table, embedded, tone: table.targets([]), "knows its speakers by name"),
        (lambda one, table, embedded, tone: table.only_speaker(), r"has 3 speakers; name one \(--to\): there are anna"),
        (
            lambda one, table, embedded, tone: table.convert(SOURCE, table.targets("1")),
            r"s\.wav: say who .* \(--from\)",
        ),
        (lambda one, table, embedded, tone: one.convert(SOURCE, one.only_speaker()), "there is no other voice"),
        (lambda one, table, embedded, tone: embedded.targets("anna"), "takes its speakers from recordings"),
        (lambda one, table, embedded, tone: embedded.targets([]), "at least one"),
        (lambda one, table, embedded, tone: embedded.only_speaker(), "give one"),
        (lambda one, table, embedded, tone: tone.targets("anna"), "takes its speakers from recordings"),
        (lambda one, table, embedded, tone: tone.targets([]), "at least one"),
        (lambda one, table, embedded, tone: Manner(speed=0), "the speed must be a number from 0.1 to 10"),
        (lambda one, table, embedded, tone: Manner(seed=-1), "the seed must be"),
        (lambda one, table, embedded, tone: Manner(noise=float("nan")), "noise must be a number from 0"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(one, table, embedded, tone, ask, words):
    with pytest.raises(TfvcError, match=words) as problem:
        ask(one, table, embedded, tone)
    one_line(problem)


SOURCE = Recording(sung(4000, 120), 8000, "s.wav")


def test_durations_that_no_speech_has_are_refused_before_memory_is_taken():
    model = narrow_vits(use_sdp=False, duration_filters=7)
    model.duration_predictor.proj.bias.assign([25.0])
    voice = VITSVoice(model, OneSpeaker())
    with pytest.raises(TfvcError, match=r"'hello' would last .* frames.*is the voice trained"):
        voice.speak("hello", voice.only_speaker())


def test_a_voice_that_was_exported_to_speak_does_not_convert():
    model = narrow_vits(n_speakers=2, gin_channels=5, states={"speaking_only": True})
    voice = VITSVoice(model, TableOfSpeakers(2, {}))
    assert np.isfinite(voice.speak(TEXT, voice.targets("1")).wave).all()
    with pytest.raises(TfvcError, match="without its posterior encoder; it only speaks"):
        voice.convert(SOURCE, voice.targets("1"), voice.targets("0"))


def test_a_preset_is_a_voice(checkpoints):
    tables = {"symbols": TEXTS, "speakers": {"anna": 1}, "speaking": {"noise_scale": 0.5}}
    model = narrow_vits(n_speakers=2, gin_channels=5, tables=tables)
    model.save_to_preset(checkpoints / "pair")
    voice, own = load_voice("pair"), VITSVoice.from_model(model)
    assert voice.speakers == ("anna",)
    np.testing.assert_array_equal(
        voice.speak(TEXT, voice.targets("anna")).wave, own.speak(TEXT, own.targets("anna")).wave
    )
    with pytest.raises(TfvcError, match="the model takes no speaker embeddings"):
        VITSVoice.from_model(model, speaker_encoder="ear")
    with pytest.raises(TfvcError, match="the parts of a voice of vits are others"):
        load_voice("pair", vocoder="mouth")


def test_an_embedded_voice_assumes_its_encoder_aloud(checkpoints):
    narrow_vits(embedding_size=256, gin_channels=256).save_to_preset(checkpoints / "any")
    assert load_voice("any", speaker_encoder="ear").notes == ()
    narrow_encoder().save_to_preset(checkpoints / "ge2e")
    assert re.search(r"speaker_encoder \(\w+\) is assumed", load_voice("any").notes[0])
    with pytest.raises(TfvcError, match="wants speaker embeddings of 64 values, the speaker encoder gives 256"):
        VITSVoice.from_model(narrow_vits(embedding_size=64, gin_channels=64), speaker_encoder="ear")


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        (
            "symbols",
            TextFrontEnd.of_list("_" * 40, add_blank=False).to_dict() | {"end": [40]},
            "the id 40, the network 31",
        ),
        ("symbols", {"symbols": {"a": [1]}}, "symbols.json: the field 'start' of TextFrontEnd is missing"),
        ("speakers", {"anna": 3}, "gives 'anna' the id 3 of 3"),
        ("speakers", {"anna": "x"}, "gives 'anna' the id 'x' of 3"),
        ("speaking", {"loudness": 2}, "has 'loudness' = 2"),
        ("speaking", {"noise_scale": "much"}, "has 'noise_scale' = 'much'"),
        ("speaking", {"length_scale": 0}, "has 'length_scale' = 0"),
        ("speaking", {"noise_scale": None}, "has 'noise_scale' = None"),
    ],
)
def test_damaged_tables_are_told(table, monkeypatch, file, content, words):
    attribute = {"speakers": "speaker_ids"}.get(file, file)
    monkeypatch.setattr(table.model, attribute, content)
    with pytest.raises(TfvcError, match=words) as problem:
        VITSVoice.from_model(table.model)
    one_line(problem)


def test_a_model_without_symbols_reads_no_text(one, monkeypatch):
    monkeypatch.setattr(one.model, "symbols", None)
    with pytest.raises(TfvcError, match=r"mute: the voice has no symbols\.json"):
        VITSVoice.from_model(one.model, "mute").read("hello")


def test_windows_are_the_whole():
    x = np.random.default_rng(0).normal(size=(37, 2))

    def blurred(first, last):
        padded = np.pad(x[first:last], ((2, 2), (0, 0)))
        return sum(padded[i : i + last - first] for i in range(5)).repeat(3, axis=0)

    for window in (1, 4, 36, 37, 50):
        pieces = list(in_windows(blurred, 37, reach=2, hop=3, window=window))
        np.testing.assert_allclose(np.concatenate(pieces), blurred(0, 37))
        assert max(map(len, pieces)) <= 3 * window
    assert len(argument(OneSpeaker().nobody_named(), OneSpeaker())) == 0
