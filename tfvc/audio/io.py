"""Sound files in and out: any format libsndfile knows, as one mono float32 waveform in -1..1."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile
import soxr

from tfvc.audio.errors import AudioError
from tfvc.audio.truncation import looks_like_mpeg, missing_bytes
from tfvc.common.atomic import atomic_file
from tfvc.common.silence import silent_stderr

SHORTEST_SECONDS = 0.01
LONGEST_SECONDS = 4 * 3600
LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000
# Float files hold what they like; beyond this the samples are integers that nobody divided by 32768.
LARGEST_SAMPLE = 64.0

_HEADERLESS = "is no sound file that can be read (it has no header)"
_BLOCK_SAMPLES = 1 << 20
_COMPRESSED_SUBTYPES = {"OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}
# Their headers say how long they are; MPEG and Ogg streams only end.
_FORMATS_OF_STATED_LENGTH = {"WAV", "WAVEX", "RF64", "W64", "FLAC", "AIFF", "AU", "CAF"}


def read(path: str | os.PathLike, sample_rate: int | None = None) -> tuple[np.ndarray, int]:
    """Reads a sound file as mono, at its own rate or resampled.

    Channels are averaged. Resampling is soxr's "HQ". 16-bit samples become k / 32768, exactly.

    Args:
        path: a file of any format that `soundfile` reads (wav, flac, ogg, mp3, aiff, ...).
        sample_rate: the rate wanted in Hz; the file's own when None.

    Returns:
        The waveform, float32 `[samples]`, and its rate in Hz.

    Raises:
        AudioError: the file is missing, a folder, empty, no sound file, shorter than its header says,
            shorter than 10 ms, longer than 4 hours, or its samples are NaN, infinite or not scaled to -1..1.
    """
    path = Path(path)
    _refuse_what_is_no_file(path)
    try:
        # The MPEG decoder prints its complaints.
        quiet = silent_stderr() if looks_like_mpeg(path) else contextlib.nullcontext()
        with quiet, soundfile.SoundFile(path) as file:
            _check_header(file, path)
            wave = _read_mono(file, path)
            own_rate = file.samplerate
    except soundfile.SoundFileError as error:
        raise AudioError(f"{path}: {_reason(error)}") from None
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror})") from None
    _check_samples(wave, path)
    if sample_rate is None:
        return wave, own_rate
    return resample(wave, own_rate, sample_rate), sample_rate


def resample(wave: np.ndarray, from_rate: int, to_rate: int) -> np.ndarray:
    """The waveform `[samples]` at another rate in Hz, float32, by soxr "HQ"; at the same rate, as it is."""
    wave = np.asarray(wave, np.float32)
    if from_rate == to_rate:
        return wave
    return soxr.resample(wave, from_rate, to_rate, quality="HQ")


def write(path: str | os.PathLike, wave: np.ndarray, sample_rate: int) -> None:
    """Writes a mono waveform, 16 bits a sample, in the format that the suffix names; all or nothing.

    Samples outside -1..1 are clipped. What `read` gave of a 16-bit wav or flac is written back bit for bit.

    Args:
        path: the file to write; its folder is made.
        wave: `[samples]`, floating point in -1..1.
        sample_rate: Hz.

    Raises:
        AudioError: the waveform is empty, not one-dimensional, NaN or infinite, the suffix names no format
            that `soundfile` writes, or the place cannot be written to.
    """
    write_pieces(path, [wave], sample_rate)


def write_pieces(path: str | os.PathLike, pieces: Iterable[np.ndarray], sample_rate: int) -> int:
    """Writes a waveform as `write` does, piece by piece as they come, so that it need not be in memory as a whole.

    Args:
        path: the file to write; its folder is made.
        pieces: each `[samples]`, floating point in -1..1; there is at least one.
        sample_rate: Hz.

    Returns:
        How many samples were written.

    Raises:
        AudioError: as `write` does, and whatever the pieces raise; then nothing is written.
    """
    path = Path(path)
    if path.is_dir():
        raise AudioError(f"{path}: is a folder, name a file")
    file_format = path.suffix[1:].upper()
    subtype = _COMPRESSED_SUBTYPES.get(file_format, "PCM_16")
    if file_format not in soundfile.available_formats() or not soundfile.check_format(file_format, subtype):
        raise AudioError(f"{path}: no sound format called {path.suffix or 'nothing'!r}, use .wav, .flac, .ogg or .mp3")
    written = 0
    try:
        with (
            atomic_file(path) as temporary,
            soundfile.SoundFile(temporary, "w", sample_rate, 1, subtype, format=file_format) as file,
        ):
            for piece in pieces:
                written += _write_piece(file, path, np.asarray(piece))
            if written == 0:
                raise AudioError(f"{path}: there are no samples to write")
    except soundfile.SoundFileError as error:
        raise AudioError(f"{path}: {_reason(error)}") from None
    except OSError as error:
        raise AudioError(f"{path}: cannot be written ({error.strerror})") from None
    return written


def _write_piece(file: soundfile.SoundFile, path: Path, wave: np.ndarray) -> int:
    if wave.ndim != 1 or wave.size == 0 or not np.issubdtype(wave.dtype, np.floating):
        raise AudioError(f"{path}: expected floating-point samples [samples], got {wave.dtype} {list(wave.shape)}")
    if not np.isfinite(wave).all():
        raise AudioError(f"{path}: refusing to write NaN or infinite samples")
    samples = np.clip(np.round(wave * 32768.0), -32768, 32767).astype(np.int16)
    # The Vorbis encoder keeps a whole write on its stack: minutes in one piece crash it.
    for start in range(0, len(samples), 1 << 15):
        file.write(samples[start : start + (1 << 15)])
    return len(samples)


def _refuse_what_is_no_file(path: Path) -> None:
    if path.is_dir():
        raise AudioError(f"{path}: is a folder, name a sound file")
    if not path.is_file():
        raise AudioError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise AudioError(f"{path}: is empty (0 bytes)")
    if path.suffix.lower() == ".raw":
        raise AudioError(f"{path}: {_HEADERLESS}")


def _check_header(file: soundfile.SoundFile, path: Path) -> None:
    """Before memory is taken for the samples: a header may say anything."""
    # libsndfile takes anything called .au, .vox or .gsm for sound, if need be without a header.
    if file.format == "RAW":
        raise AudioError(f"{path}: {_HEADERLESS}")
    if not LOWEST_RATE <= file.samplerate <= HIGHEST_RATE:
        raise AudioError(f"{path}: its header says {file.samplerate} Hz, which is no sampling rate of speech")
    lacking = missing_bytes(file, path)
    if lacking:
        raise AudioError(f"{path}: is truncated, {lacking} bytes of the sound that its header promises are missing")
    if file.format in _FORMATS_OF_STATED_LENGTH and file.frames > LONGEST_SECONDS * file.samplerate:
        raise AudioError(
            f"{path}: its header says {file.frames} samples, over {LONGEST_SECONDS // 3600} hours; cut it up"
        )


def _read_mono(file: soundfile.SoundFile, path: Path) -> np.ndarray:
    blocks, samples = [], 0
    # Read by blocks, so that memory follows what is really there and not what the header says.
    for block in file.blocks(blocksize=max(1, _BLOCK_SAMPLES // file.channels), dtype="float32", always_2d=True):
        samples += len(block)
        if samples > LONGEST_SECONDS * file.samplerate:
            raise AudioError(f"{path}: is longer than {LONGEST_SECONDS // 3600} hours; cut it up")
        # Infinite samples are reported in one line afterwards, not warned of here.
        with np.errstate(invalid="ignore", over="ignore"):
            blocks.append(block.mean(axis=1))
    if file.format in _FORMATS_OF_STATED_LENGTH and samples < file.frames:
        raise AudioError(
            f"{path}: is truncated, {samples} of the {file.frames} samples that its header promises are there"
        )
    if samples < SHORTEST_SECONDS * file.samplerate:
        raise AudioError(f"{path}: is too short, {samples} samples at {file.samplerate} Hz; 10 ms is the least")
    return np.concatenate(blocks)


def _check_samples(wave: np.ndarray, path: Path) -> None:
    finite = np.isfinite(wave)
    if not finite.all():
        first = int(np.argmin(finite))
        raise AudioError(f"{path}: {int((~finite).sum())} samples are NaN or infinite, the first is number {first}")
    peak = float(np.abs(wave).max())
    if peak > LARGEST_SAMPLE:
        raise AudioError(f"{path}: samples reach {peak:g} where -1..1 is meant; divide them and write the file again")


def _reason(error: soundfile.SoundFileError) -> str:
    text = getattr(error, "error_string", str(error)).strip().rstrip(".")
    # What libsndfile says when its MPEG decoder finds no frame, and when it gives up on one.
    text = {
        "File does not exist or is not a regular file (possibly a pipe?)": "Format not recognised",
        "Unspecified internal error": "The data are damaged",
    }.get(text, text)
    return f"is no sound file that can be read ({text})"
