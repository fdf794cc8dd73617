"""A long recording in one go: does it stay as good as it begins?"""

import numpy as np

from tfvc.audio import Recording
from tfvc.benchmark.config import LongRecordingConfig
from tfvc.benchmark.experiment import Experiment
from tfvc.common.errors import TfvcError
from tfvc.metrics import mel_l1, stoi

_RATE = 16000


class LongRecording:
    """Converts a long recording into its own voice, and compares it with itself window by window.

    Into its own voice, so that there is a truth to compare with; through the whole converter, vocoder included.
    """

    def __init__(self, config: LongRecordingConfig, experiment: Experiment):
        self.experiment, self.config = experiment, config
        named = (config.speaker,) if config.speaker else ()
        speakers = experiment.unknown_speakers((experiment.model, experiment.vocoder), config.corpus, named)
        self.speaker = min(speakers)
        self.window = round(config.window_seconds * experiment.spec.sample_rate)
        self.recording = self._join(
            [experiment.read(file).at(experiment.spec.sample_rate) for file in speakers[self.speaker]]
        )
        self.jobs = [self.speaker]

    def measure(self, speaker: str) -> dict:
        """Converts the recording and measures every window of it."""
        experiment, recording = self.experiment, self.recording
        spoken = experiment.keep(experiment.convert(recording, [recording]), "long_recording", speaker)
        windows = range(len(recording.wave) // self.window)
        return {
            "speaker": speaker,
            "mel_l1": [
                self._per_window(mel_l1, i, *(r.mel(experiment.spec) for r in (recording, spoken))) for i in windows
            ],
            "stoi": [self._per_window(stoi, i, *(r.at(_RATE) for r in (recording, spoken))) for i in windows],
        }

    def figures(self, rows: list[dict]) -> dict:
        """Every window, the means, and those of the second half over those of the first."""
        (row,) = rows
        result = {"speaker": row["speaker"], "seconds": len(row["mel_l1"]) * self.config.window_seconds}
        for key in ("mel_l1", "stoi"):
            values = np.array(row[key])
            halves = np.array_split(values, 2)
            result[key] = float(np.nanmean(values))
            result[f"{key}_second_half_over_first"] = float(np.nanmean(halves[1]) / np.nanmean(halves[0]))
            result[f"{key}_per_window"] = row[key]
        return result

    def _join(self, waves: list[np.ndarray]) -> Recording:
        whole = [wave[: len(wave) // self.window * self.window] for wave in waves]
        material = np.concatenate(whole)
        if not len(material):
            raise TfvcError(
                f"{self.experiment.data / self.config.corpus}: {self.speaker} has no recording of "
                f"{self.config.window_seconds:g} s; name another speaker, or shorter windows"
            )
        samples = max(1, round(self.config.seconds / self.config.window_seconds)) * self.window
        return Recording(np.resize(material, samples), self.experiment.spec.sample_rate, self.speaker)

    def _per_window(self, measure, index: int, one: np.ndarray, other: np.ndarray) -> float:
        """Measures window `index` of two arrays that both cover the recording."""
        count = len(self.recording.wave) / self.window
        start, stop = (round(len(one) * i / count) for i in (index, index + 1))
        return measure(one[start:stop], other[start:stop])
