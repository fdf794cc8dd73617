"""Do the bundled checkpoints convert and speak? Judged on real speech by the speaker encoder, and by spectra."""

import itertools
import json

import librosa
import numpy as np
import pytest

from tfvc import defaults
from tfvc.audio import MelSpec, read
from tfvc.converter import VoiceConverter
from tfvc.models.locations import find_preset
from tfvc.vocoders import load_vocoder, speak

pytestmark = [pytest.mark.real_data, pytest.mark.slow]


@pytest.fixture(scope="module")
def converter(ge2e) -> VoiceConverter:
    return VoiceConverter.from_preset("autovc_small")


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def judge(converter, source, voice_of, others_of_target, others_of_source) -> tuple[float, float]:
    """Cosines of the converted speech to recordings of target and source that the conversion has not seen."""
    result = converter.convert_to(source, converter.embed(voice_of))
    spoken = converter.embed([(result.wave, result.sample_rate)])
    assert np.isfinite(result.wave).all()
    assert 0.003 < np.sqrt(np.mean(result.wave**2)) < 0.5
    return cosine(spoken, converter.embed(others_of_target)), cosine(spoken, converter.embed(others_of_source))


def test_each_vctk_speaker_into_each_other(converter, real_data):
    """The result is nearer to the target's other utterances than to the source's, for 11 of 12 pairs or more."""
    speakers = {folder.name: sorted(folder.glob("*.wav")) for folder in sorted((real_data / "vctk4").iterdir())}
    cosines = {}
    for a, b in itertools.permutations(speakers, 2):
        own, target = speakers[a], speakers[b]
        cosines[a, b] = judge(converter, own[0], target[:5], target[5:], own[1:])
    for (a, b), (to_target, to_source) in cosines.items():
        print(f"{a} -> {b}: {to_target:.3f} to the target, {to_source:.3f} to the source")
    mean_target, mean_source = np.mean(list(cosines.values()), axis=0)
    nearer = sum(to_target > to_source for to_target, to_source in cosines.values())
    print(f"{nearer} of {len(cosines)} nearer to the target; means {mean_target:.3f} and {mean_source:.3f}")
    assert len(cosines) == 12
    assert nearer >= 11


def test_speakers_never_seen(converter, real_data):
    """Thirty speakers held out of training, each into the next."""
    record = json.loads((find_preset("autovc_small") / "training.json").read_text())
    recordings = []
    for speaker in record["held_out_speakers"]:
        (path,) = (real_data / "librispeech251" / speaker).glob("*.flac")
        wave, rate = read(path)
        half = len(wave) // 2
        recordings.append(((wave[:half], rate), (wave[half:], rate)))
    cosines = [
        judge(converter, source[0], [target[0]], [target[1]], [source[1]])
        for source, target in zip(recordings, recordings[1:] + recordings[:1], strict=True)
    ]
    nearer = sum(to_target > to_source for to_target, to_source in cosines)
    mean_target, mean_source = np.mean(cosines, axis=0)
    print(f"{nearer} of {len(cosines)} nearer to the target; means {mean_target:.3f} and {mean_source:.3f}")
    assert len(cosines) == 30
    assert nearer >= 20


def log_spectrum(wave: np.ndarray, n_fft: int) -> np.ndarray:
    return np.log(np.maximum(np.abs(librosa.stft(wave, n_fft=n_fft, hop_length=n_fft // 4)), 1e-3))


def test_the_default_vocoder_measures_best(ge2e, real_data):
    """Copy-synthesis of voices that none of them knows: distance of mels and of spectra, and is it the same voice?"""
    spec = MelSpec.named("hifigan_22k")
    unknown = json.loads((find_preset("melgan_small") / "training.json").read_text())["held_out_speakers"]
    clips = sorted((real_data / "ljspeech16" / "LJ").glob("*.wav"))[:6]
    clips += [path for speaker in unknown for path in (real_data / "librispeech251" / speaker).glob("*.flac")]
    distances = {}
    for name in ("griffin-lim", "melgan_small"):
        vocoder, rows = load_vocoder(name, spec), []
        for clip in clips:
            wave, rate = read(clip, spec.sample_rate)
            mel = spec.extract(wave)
            again = speak(vocoder, mel, len(wave))
            assert np.isfinite(again).all()
            spectra = [np.abs(log_spectrum(again, n) - log_spectrum(wave, n)).mean() for n in (512, 2048)]
            voice = cosine(ge2e.embed_utterance(again, rate), ge2e.embed_utterance(wave, rate))
            rows.append([np.abs(spec.extract(again) - mel).mean(), *spectra, 1 - voice])
        distances[name] = np.mean(rows, axis=0)
        print(f"{name}: mel, spectra of 512 and 2048, 1 - cosine: {np.round(distances[name], 3)}")
    best = distances.pop(defaults.VOCODER)
    for name, others in distances.items():
        assert (best < others).sum() >= 3, name
