import numpy as np
import tensorflow as tf

from tfvc.data.record import FRAME_HEADER, encode, quantise


def test_quantise_rounds_and_clips():
    waveform = np.array([-1.5, -1, -0.4 / 32768, 0.6 / 32768, 0.5, 1, 2], np.float32)
    assert quantise(waveform).tolist() == [-32768, -32768, 0, 1, 16384, 32767, 32767]


def test_an_example_can_be_parsed_and_its_arrays_lie_where_it_says():
    random = np.random.default_rng(0)
    arrays = {
        "waveform": random.integers(-32768, 32768, 1001).astype(np.int16),
        "mel": random.standard_normal((7, 5)).astype(np.float32),
        "codes": random.integers(0, 1024, (3, 8, 2)).astype(np.int32),
    }
    encoded = encode("Ü", "Ü/1", arrays)
    assert encode("Ü", "Ü/1", arrays) == encoded

    kinds = {name: tf.io.FixedLenFeature([], tf.string) for name in ("id", "speaker", *arrays)}
    kinds |= {f"{name}/shape": tf.io.FixedLenFeature([array.ndim], tf.int64) for name, array in arrays.items()}
    example = tf.io.parse_single_example(encoded.payload, kinds)
    assert example["speaker"].numpy().decode() == "Ü"
    assert example["id"].numpy().decode() == "Ü/1"
    frame = bytes(FRAME_HEADER) + encoded.payload
    for name, array in arrays.items():
        parsed = tf.reshape(tf.io.decode_raw(example[name], array.dtype), example[f"{name}/shape"])
        np.testing.assert_array_equal(parsed, array)
        place = encoded.places[name]
        assert place.shape == array.shape
        assert frame[place.offset : place.offset + array.nbytes] == array.tobytes()
