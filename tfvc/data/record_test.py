import numpy as np
import tensorflow as tf

from tfvc.data.record import FRAME_HEADER, encode, quantise


def test_quantise_rounds_and_clips():
    wave = np.array([-1.5, -1, -0.4 / 32768, 0.6 / 32768, 0.5, 1, 2], np.float32)
    assert quantise(wave).tolist() == [-32768, -32768, 0, 1, 16384, 32767, 32767]


def test_an_example_can_be_parsed_and_its_arrays_lie_where_it_says():
    random = np.random.default_rng(0)
    wave = random.integers(-32768, 32768, 1001).astype(np.int16)
    mel = random.standard_normal((7, 5)).astype(np.float32)
    embedding = random.standard_normal(9).astype(np.float32)
    encoded = encode("Ü", "Ü/1", 16000, wave, mel, embedding)
    assert encode("Ü", "Ü/1", 16000, wave, mel, embedding) == encoded

    features = {name: tf.io.FixedLenFeature([], tf.string) for name in ("id", "speaker", "wave", "mel", "embedding")}
    features |= {name: tf.io.FixedLenFeature([], tf.int64) for name in ("sample_rate", "frames", "n_mels")}
    example = tf.io.parse_single_example(encoded.payload, features)
    assert example["speaker"].numpy().decode() == "Ü"
    assert example["id"].numpy().decode() == "Ü/1"
    assert [int(example[name]) for name in ("sample_rate", "frames", "n_mels")] == [16000, 7, 5]
    np.testing.assert_array_equal(tf.io.decode_raw(example["wave"], tf.int16), wave)
    np.testing.assert_array_equal(tf.reshape(tf.io.decode_raw(example["mel"], tf.float32), (7, 5)), mel)
    np.testing.assert_array_equal(tf.io.decode_raw(example["embedding"], tf.float32), embedding)

    frame = bytes(FRAME_HEADER) + encoded.payload
    for offset, array in (
        (encoded.wave_offset, wave),
        (encoded.mel_offset, mel),
        (encoded.embedding_offset, embedding),
    ):
        assert frame[offset : offset + array.nbytes] == array.tobytes()
    assert (encoded.samples, encoded.frames, encoded.embedding_size) == (1001, 7, 9)
