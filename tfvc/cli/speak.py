"""`tfvc speak`: a text, or a file with a text in each line, read aloud."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.console import note, progress, say
from tfvc.cli.recordings import find_recordings
from tfvc.common.errors import TfvcError

_FILE = ".txt"


def speak(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say, or a .txt file with a text in each line.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE_OR_DIR", help="A .wav or .flac; or a folder, in which each line is a file."
        ),
    ],
    model: Annotated[str, typer.Option(help="Preset of the voice.")],
    to: Annotated[
        str | None, typer.Option("--to", metavar="SPEAKER", help="Who says it, where the voice has several speakers.")
    ] = None,
    prompt: Annotated[
        list[Path] | None,
        typer.Option("--prompt", metavar="FILE", help="Recordings of who says it, where the voice takes such."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same sound.")] = 0,
    speed: Annotated[float, typer.Option(help="Above 1 is faster.")] = 1.0,
    noise: Annotated[
        float | None, typer.Option(help="How much the sound varies, from 0.", show_default="the voice's own")
    ] = None,
    duration_noise: Annotated[
        float | None, typer.Option(help="How much the rhythm varies, from 0.", show_default="the voice's own")
    ] = None,
    speaker_encoder: Annotated[
        str | None, typer.Option(metavar="PRESET", help="For voices that take recordings: that of their training.")
    ] = None,
) -> None:
    """Read a text aloud."""
    from tfvc.voices.load import load_voice
    from tfvc.voices.voice import Manner, SpeakingVoice

    texts = _texts(text)
    manner = Manner(seed, speed, noise, duration_noise)
    voice = load_voice(model, speaker_encoder=speaker_encoder)
    if not isinstance(voice, SpeakingVoice):
        raise TfvcError(f"{model}: the voice does not read texts; it converts recordings (tfvc convert)")
    for line in voice.notes:
        note(line)
    speaker = _speaker(voice, to, prompt or [])
    jobs = _jobs([_read(voice, where, what) for where, what in texts], out)
    _say_left_out(utterance for utterances, _ in jobs for utterance in utterances)
    total = sum(len(utterances) for utterances, _ in jobs)
    with progress("speaking", total) as update:
        done = 0
        for utterances, file in jobs:
            seconds, done = _write(voice, utterances, speaker, manner, file, update, done)
            say(f"wrote {file}: {seconds:.2f} s")


def _texts(text: str) -> list[tuple[str, str]]:
    """Each text, with where it stands."""
    named = text.lower().endswith(_FILE) and (os.path.isfile(text) or os.sep in text or len(text.split()) == 1)
    if not named:
        return [("", text)]
    path = Path(text)
    if not path.is_file():
        raise TfvcError(f"{path}: no such file")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise TfvcError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise TfvcError(f"{path}: no text in UTF-8; save it as such") from None
    texts = [(f"{path}, line {number}: ", line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not texts:
        raise TfvcError(f"{path}: is empty: there is nothing to say")
    return texts


def _read(voice, where: str, text: str) -> list:
    try:
        return voice.read(text)
    except TfvcError as problem:
        raise TfvcError(f"{where}{problem}") from None


def _speaker(voice, name: str | None, prompt: list[Path]):
    from tfvc.audio import Recording

    if name is not None and prompt:
        raise TfvcError("--to and --prompt both say who speaks; give one of them")
    if prompt:
        return voice.targets([Recording.read(file) for path in prompt for file in find_recordings(path)])
    return voice.only_speaker() if name is None else voice.targets(name)


def _jobs(texts: list[list], out: Path) -> list[tuple[list, Path]]:
    """What goes into which file: in a folder, each text into one of its own."""
    if out.suffix and not out.is_dir():
        return [([utterance for utterances in texts for utterance in utterances], out)]
    digits = max(3, len(str(len(texts))))
    return [(utterances, out / f"{number:0{digits}}.wav") for number, utterances in enumerate(texts, start=1)]


def _say_left_out(utterances: Iterable) -> None:
    if marks := dict.fromkeys(mark for utterance in utterances for mark in utterance.left_out):
        note(f"left out, since the voice has no symbol for it: {' '.join(marks)}")


def _write(voice, utterances: list, speaker, manner, file: Path, update, done: int) -> tuple[float, int]:
    """Speaks into a file, a sentence at a time; gives the seconds, and the sentences spoken so far."""
    from tfvc.audio import write_pieces

    def pieces() -> Iterator:
        for number, piece in enumerate(voice.utter(utterances, speaker, manner), start=1):
            yield piece
            update(done + number)

    samples = write_pieces(file, pieces(), voice.sample_rate)
    return samples / voice.sample_rate, done + len(utterances)
