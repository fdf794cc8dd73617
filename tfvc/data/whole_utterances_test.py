"""Batches of whole utterances, of a set with features of other kinds than `prepare` makes today."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from tfvc.common.errors import TfvcError
from tfvc.data import Buckets, Crops, Feature, FeatureSet, Schema, batches, layout
from tfvc.data.corpus import Source
from tfvc.data.manifest import Utterance, to_line
from tfvc.data.record import FRAME_FOOTER, FRAME_HEADER, encode
from tfvc.data.schema import waveform_feature
from tfvc.data.staging import Staging, publish

RATE = 8000
SCHEMA = Schema(
    {
        "waveform": waveform_feature(RATE),
        "codes": Feature("int32", ("frames", 3), 100, None, {"codec": "drawn"}),
        "linear": Feature("float32", ("frames", 5), 50, None, {"n_fft": 8}),
        "phonemes": Feature("int16", ("phonemes",), None, None, {"symbols": "abc"}),
        "accent": Feature("float32", (2,), None, None, {"drawn": 1}),
    }
)
SAMPLES = (1000, 1149, 950, 420, 433, 1210, 999)


def drawn(number: int) -> dict[str, np.ndarray]:
    rng, samples = np.random.default_rng(number), SAMPLES[number]
    return {
        "waveform": rng.integers(-32768, 32768, samples).astype(np.int16),
        "codes": rng.integers(0, 1024, (samples // 100 + 1, 3)).astype(np.int32),
        "linear": rng.standard_normal((samples // 50, 5)).astype(np.float32),
        "phonemes": rng.integers(1, 30, samples // 60).astype(np.int16),
        "accent": rng.standard_normal(2).astype(np.float32),
    }


@pytest.fixture(scope="module")
def features(tmp_path_factory) -> FeatureSet:
    out = tmp_path_factory.mktemp("set")
    write_set(out, [drawn(number) for number in range(len(SAMPLES))])
    return FeatureSet(out)


def write_set(out: Path, utterances: list[dict[str, np.ndarray]]) -> None:
    """As `prepare` does."""
    sources = [Source(f"anna/{number}.wav", 1, 1) for number in range(len(utterances))]
    staging = Staging(out / layout.NEXT, 10**6)
    staging.resume(sources)
    for source, arrays in zip(sources, utterances, strict=True):
        encoded = encode(source.speaker, source.id, arrays)
        length = len(encoded.payload) + FRAME_HEADER + FRAME_FOOTER
        seconds, crc32 = len(arrays["waveform"]) / RATE, zlib.crc32(encoded.payload)
        utterance = (source.id, "anna", source.file, seconds, *staging.place, length, crc32, encoded.places, 1, 1)
        staging.add(Utterance(*utterance), encoded.payload)
    staging.close()
    layout.write_text(staging.folder / layout.FEATURES, SCHEMA.to_json())
    layout.write_json(staging.folder / layout.SPEAKERS, {"anna": {"utterances": len(utterances), "seconds": 1.0}})
    layout.write_lines(staging.folder / layout.MANIFEST, map(to_line, staging.outcomes))
    publish(out)


def test_the_description_comes_back():
    assert Schema.from_json(SCHEMA.to_json()) == SCHEMA
    assert SCHEMA.mel_spec is None
    assert SCHEMA.speaker_encoder is None


def test_every_utterance_comes_whole_with_its_lengths(features):
    names = ("waveform", "codes", "linear", "phonemes", "accent")
    lengths = tuple(f"{name}_length" for name in names[:4])
    plan = Buckets(batch_size=2, seed=0)
    steps = plan.schedule([samples // 100 for samples in SAMPLES]).steps_per_epoch
    visited = []
    for batch in batches(features, names + lengths, plan, steps=steps):
        batch = {name: tensor.numpy() for name, tensor in batch.items()}
        frames = batch["codes"].shape[1]
        assert batch["waveform"].shape[1] == frames * 100
        assert batch["linear"].shape[1] == frames * 2
        assert batch["waveform"].dtype == np.float32
        assert batch["phonemes"].dtype == np.int16
        assert batch["phonemes"].shape[1] == batch["phonemes_length"].max()
        for row in range(len(batch["accent"])):
            (number,) = (n for n in range(len(SAMPLES)) if (drawn(n)["accent"] == batch["accent"][row]).all())
            visited.append(number)
            whole = SAMPLES[number] // 100
            assert frames <= 1.25 * whole
            expected = {"waveform": whole * 100, "codes": whole, "linear": whole * 2, "phonemes": SAMPLES[number] // 60}
            for name, length in expected.items():
                assert batch[f"{name}_length"][row] == length
                stored = features.array(number, name)
                np.testing.assert_array_equal(batch[name][row, :length], stored[:length])
                assert (batch[name][row, length:] == 0).all()
    assert sorted(visited) == list(range(len(SAMPLES)))


def test_crops_of_features_with_other_hops_are_of_one_time(features):
    for batch in batches(features, ("codes", "linear", "waveform"), Crops(4, 3, seed=0), steps=9):
        batch = {name: tensor.numpy() for name, tensor in batch.items()}
        for codes, linear, waveform in zip(*(batch[n] for n in ("codes", "linear", "waveform")), strict=True):
            places = [
                (n, f)
                for n in range(len(SAMPLES))
                for f in range(SAMPLES[n] // 100 - 3)
                if (drawn(n)["codes"][f : f + 4] == codes).all()
            ]
            ((number, frame),) = places
            np.testing.assert_array_equal(linear, features.array(number, "linear", 2 * frame, 8))
            np.testing.assert_array_equal(waveform, features.array(number, "waveform", 100 * frame, 400))


def test_phonemes_cannot_be_cut(features):
    with pytest.raises(TfvcError, match=r"phonemes cannot be cut into crops; .* Buckets"):
        batches(features, ("waveform", "phonemes"), Crops(4, 3, seed=0))


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ('"int32"', '"object"', "dtype of codes is 'object'"),
        ('"int32"', "[]", "dtype of codes"),
        ('"hop": 100', '"hop": 0', "hop, full_scale or maker of codes"),
        ('"frames",', '"frames", "bands",', "shape of codes"),
        ('"sample_rate": 8000', '"sample_rate": "fast"', "sample rate is 'fast'"),
        ('"waveform"', '"sound"', "no waveform"),
        ('"full_scale": null', '"scale": null', "codes is not described by dtype, shape, hop, full_scale, maker"),
        ('"accent"', '"mel"', "mel spec"),
        ('"accent"', '"embedding"', "expected {'name'"),
    ],
)
def test_what_is_no_description_is_refused(before, after, problem):
    text = SCHEMA.to_json()
    assert before in text
    with pytest.raises((ValueError, TfvcError), match=problem):
        Schema.from_json(text.replace(before, after, 1))
