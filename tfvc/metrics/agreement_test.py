"""The measures agree with others written another way, on the same recordings."""

import math

import librosa
import numpy as np
import pytest
import soundfile

from tfvc.audio import MelSpec, Recording
from tfvc.metrics import Evaluation
from tfvc.metrics.extra import require

SPEC = MelSpec.named("hifigan_22k")
VOICES = {16000: (23, 0.42), 22050: (34, 0.45), 48000: (39, 0.55)}  # the figures of ParallelWaveGAN


def measure(reference, hypothesis, *metrics, aligned=False, encoder=None):
    return Evaluation(metrics, aligned, SPEC, encoder).measure(reference, hypothesis)


def cheapest_path(costs: np.ndarray) -> list[tuple[int, int]]:
    """Dynamic time warping as it stands in textbooks."""
    rows, columns = costs.shape
    total = np.full((rows + 1, columns + 1), math.inf)
    total[0, 0] = 0
    for i in range(rows):
        for j in range(columns):
            total[i + 1, j + 1] = costs[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    i, j, path = rows, columns, []
    while i and j:
        path.append((i - 1, j - 1))
        i, j = min(((i - 1, j - 1), (i - 1, j), (i, j - 1)), key=lambda at: total[at])
    return path[::-1]


def cepstrum_of_each_frame(samples: np.ndarray, order: int, alpha: float) -> np.ndarray:
    """Of 16-bit samples, one call of SPTK a frame."""
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(1024) / 1023)
    window /= math.sqrt(sum(window**2))  # SPTK's windows have a power of 1
    starts = range(0, len(samples) - 1023, 256)
    sptk = require("pysptk")
    return np.stack([sptk.mcep(samples[s : s + 1024] * window, order, alpha, eps=1e-6, etype=1) for s in starts])


def distortion(one: np.ndarray, other: np.ndarray, first: int) -> tuple[float, list[tuple[int, int]]]:
    """In dB, of the coefficients from number `first`, over a path through all of them."""
    path = cheapest_path(np.linalg.norm(one[:, None] - other[None], axis=2))
    frames = [10 / math.log(10) * math.sqrt(2 * sum((one[i, first:] - other[j, first:]) ** 2)) for i, j in path]
    return math.fsum(frames) / len(frames), path


def check_against_direct_computation(one: np.ndarray, other: np.ndarray, rate: int) -> None:
    """MCD and F0 of two recordings of 16-bit samples."""
    figures = measure(*(Recording(x.astype(np.float32) / 32768, rate) for x in (one, other)), "mcd", "f0")
    cepstra = [cepstrum_of_each_frame(x.astype(np.float64), *VOICES[rate]) for x in (one, other)]
    expected, path = distortion(*cepstra, first=0)
    assert figures["mcd_db"] == pytest.approx(expected, rel=1e-9)
    energy_left_out = [
        np.linalg.norm(cepstra[0][i, 1:] - cepstra[1][j, 1:]) * 10 * math.sqrt(2) / math.log(10) for i, j in path
    ]
    assert figures["mcd_without_energy_db"] == pytest.approx(np.mean(energy_left_out), rel=1e-9)

    world = require("pyworld")
    period = 1000 * 256 / rate
    contours = [world.harvest(x / 32768, rate, f0_floor=40, f0_ceil=800, frame_period=period)[0] for x in (one, other)]
    # Window i is around sample 256 i + 512, which is value i + 2 of the contour.
    pairs = [(contours[0][i + 2], contours[1][j + 2]) for i, j in path]
    both = np.array([pair for pair in pairs if min(pair) > 0])
    cents = 1200 * np.log2(both[:, 1] / both[:, 0])
    assert figures["f0_rmse_cents"] == pytest.approx(math.sqrt(np.mean(cents**2)), rel=1e-6)
    correlation = np.corrcoef(np.log(both[:, 0]), np.log(both[:, 1]))[0, 1]
    assert figures["f0_correlation"] == pytest.approx(correlation, rel=1e-6)
    disagreeing = sum((a > 0) != (b > 0) for a, b in pairs)
    assert figures["voicing_error"] == pytest.approx(disagreeing / len(pairs))


@pytest.mark.parametrize("rate", VOICES)
def test_mcd_and_f0_equal_a_direct_computation(sung, rate):
    waves = sung(130, 0.8, rate), sung(180, 0.6, rate, formant=1100)
    check_against_direct_computation(*(np.round(wave * 32768).astype(np.int16) for wave in waves), rate)


@pytest.mark.real_data
def test_mcd_and_f0_equal_a_direct_computation_on_speech(real_data):
    files = (real_data / f"vctk4/{speaker}/{speaker}_003.wav" for speaker in ("p225", "p226"))
    waves = [soundfile.read(file, dtype="int16", frames=20000)[0] for file in files]
    check_against_direct_computation(*waves, 16000)


def reference_embedding(network, wave: np.ndarray) -> np.ndarray:
    """As Resemblyzer's `embed_utterance`: -30 dBFS at least, windows of 1.6 s, 1.3 a second, their mean."""
    import torch

    level = np.sqrt(np.mean(wave.astype(np.float64) ** 2))
    wave = wave * max(1.0, 10 ** (-30 / 20) / level)
    starts = [77 * i for i in range(len(wave)) if i == 0 or (len(wave) - 77 * 160 * i) >= 0.75 * 25600]
    wave = np.pad(wave, (0, max(0, (starts[-1] + 160) * 160 - len(wave))))
    mel = librosa.feature.melspectrogram(y=wave, sr=16000, n_fft=400, hop_length=160, n_mels=40).T
    with torch.no_grad():
        windows = torch.from_numpy(np.stack([mel[s : s + 160] for s in starts])).float()
        mean = network(windows).mean(dim=0).numpy()
    return mean / np.linalg.norm(mean)


@pytest.mark.real_data
@pytest.mark.slow
def test_speaker_cosines_are_those_of_the_published_model(ge2e, real_data):
    torch = pytest.importorskip("torch")
    from tfvc.weights import state_dict
    from torch_ref.speaker_encoder import GE2E

    network = GE2E().eval()
    network.load_state_dict({key: torch.from_numpy(value) for key, value in state_dict(ge2e).items()})
    files = [real_data / f"vctk4/{speaker}/{speaker}_003.wav" for speaker in ("p225", "p226", "p228")]
    published = [reference_embedding(network, soundfile.read(file, dtype="float32")[0]) for file in files]
    recordings = [Recording.read(file) for file in files]
    for recording, theirs in zip(recordings, published, strict=True):
        assert recording.embedding(ge2e) @ theirs >= 0.999
    for i, j in ((0, 1), (0, 2), (1, 2)):
        ours = measure(recordings[i], recordings[j], "speaker", encoder=ge2e)["speaker_cosine"]
        assert ours == pytest.approx(float(published[i] @ published[j]), abs=1e-3)
