"""What all tests share: fixtures, order, seeds and bounds; a pytest plugin, loaded by the project's own settings."""

import os
import random
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

# As in `tfvc.parity.judgement`, which says why; tests that need no torch and no models do not import it.
FLOAT64_BOUND, TRAINED_BOUND = 1e-10, 1e-9
NOISE_FACTOR = 4.0
FLOOR = 4.0


def assert_equal_in_float64(
    actual: ArrayLike, expected: ArrayLike, message: str = "", bound: float = FLOAT64_BOUND
) -> None:
    """Fails if float64 numbers differ by more than 1e-10 of their norm.

    How much rounding leaves depends on the processor and on the libraries, whose kernels differ in the order of sums,
    in fused multiplications and in the last digit of exp: 1e-16 of the norm on one, 1e-13 on another. What is
    computed wrongly, be it in float32 only, is off by 1e-8 at the least.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert (actual.dtype, expected.dtype) == (np.float64, np.float64), message
    _assert_near(actual, expected, bound * np.linalg.norm(expected), message)


def assert_equal_within_noise(actual: ArrayLike, exact: ArrayLike, other: ArrayLike, message: str = "") -> None:
    """Fails if `actual` is further from the exact numbers than rounding explains.

    Args:
        actual: computed in float32.
        exact: the same in float64, from the same float32 inputs and weights.
        other: the same in float32, computed another way: its error is the measure, on whatever processor this is.
            Taken as at least four units of rounding of the norm, since a short sum can be exact by chance.
        message: for the failure.
    """
    actual, exact, other = (np.asarray(x, np.float64) for x in (actual, exact, other))
    noise = max(np.linalg.norm(other - exact), FLOOR * 2.0**-24 * np.linalg.norm(exact))
    _assert_near(actual, exact, NOISE_FACTOR * noise, message)


def _assert_near(actual: np.ndarray, expected: np.ndarray, allowed: float, message: str) -> None:
    assert actual.shape == expected.shape, message
    error = np.linalg.norm(actual - expected)
    # Written so that NaN fails.
    assert error <= allowed, f"{message}: error {error:.1e} > {allowed:.1e}, norm {np.linalg.norm(expected):.1e}"


def _seed(name: str) -> None:
    """Makes what is drawn from global generators depend on `name` alone, not on what was drawn before.

    Keras draws the seeds of initializers from Python's generator. What is not imported yet is left alone.
    """
    seed = zlib.crc32(name.encode())
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - it is the global one that has to be seeded
    if (tf := sys.modules.get("tensorflow")) is not None:
        tf.random.set_seed(seed)
    if (keras := sys.modules.get("keras")) is not None:
        keras.utils.set_random_seed(seed)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed)


def pytest_collectstart(collector: pytest.Collector) -> None:
    """What a module draws when it is imported."""
    if isinstance(collector, pytest.Module):
        _seed(collector.name)


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef) -> None:
    """What a fixture draws: one of a module is made by whichever of its tests comes first."""
    _seed(fixturedef.argname)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """What a test draws. Not the same for all: a copy of weights says little if both sides were drawn alike."""
    _seed(item.name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files with the longest tests first: one process can do them while another does the rest."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real speech and weights: `$TFVC_REAL_DATA`, else `../shared/data` beside the repository.

    A test that wants them is skipped where they are absent.
    """
    named = os.environ.get("TFVC_REAL_DATA")
    root = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not root.is_dir():
        pytest.skip(f"no real speech at {root}: set TFVC_REAL_DATA to its folder")
    return root


@pytest.fixture(scope="session")
def ge2e():
    """The published speaker encoder, fetched once."""
    from tfvc.models.speaker_encoder import SpeakerEncoder
    from tfvc.models.speaker_encoder.published import fetch_ge2e

    return SpeakerEncoder.from_preset(fetch_ge2e()[0])
