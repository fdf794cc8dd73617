"""`prepare`: a folder of recordings -> the feature set that training reads."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tfvc.audio import MelSpec
from tfvc.common.errors import TfvcError
from tfvc.data import layout
from tfvc.data.corpus import scan
from tfvc.data.earlier_set import Published, check_schema
from tfvc.data.extractors import Embedder, Extractor, MelExtraction
from tfvc.data.manifest import Outcome, Refusal, Utterance, to_line
from tfvc.data.outcomes import Work, outcomes
from tfvc.data.output_folder import claim, sole_user
from tfvc.data.schema import WAVEFORM, Schema, waveform_feature
from tfvc.data.speakers import speaker_table
from tfvc.data.staging import Staging, publish

# Called with (files done, files in all) in corpus order.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class PrepareSummary:
    """What a run of `prepare` did.

    Attributes:
        utterances, speakers, seconds: what the set holds now.
        errors: files that could not be taken (see `errors.jsonl`).
        computed: files read in this run; the others were taken over from an earlier one.
        up_to_date: nothing had to be done, and no file was touched.
    """

    utterances: int
    speakers: int
    seconds: float
    errors: int
    computed: int
    up_to_date: bool


def prepare(
    corpus: str | os.PathLike,
    out: str | os.PathLike,
    spec: MelSpec,
    embedder: Embedder | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
    shard_bytes: int = 64 * 2**20,
) -> PrepareSummary:
    """Writes waveform, mel and speaker embedding of every recording in `corpus` to `out`.

    `corpus` is `CORPUS/<speaker>/**/*.{wav,flac,mp3,ogg}`; `out` is described in `tfvc.data.layout` and is read with
    `FeatureSet`. The same corpus, spec and encoder give the same bytes whatever `jobs` is and however often the run was
    interrupted: killed at any moment, the next run continues. A run on a finished set takes over what has not changed
    (by size and time of modification) and touches nothing where that is everything. Unusable files are listed in
    `errors.jsonl` and skipped.

    Args:
        corpus: a local folder.
        out: a local folder outside `corpus`; the finished set may be copied to any `tf.io.gfile` storage.
        spec: the `MelSpec` of the mels; waveforms are kept at its sample rate.
        embedder: the speaker encoder; None for a set without embeddings, enough for vocoders.
        jobs: number of worker processes (spawned: guard a calling script with `if __name__ == "__main__"`).
        progress: called with (files done, files in all).
        shard_bytes: a shard is closed once it holds so much.

    Raises:
        TfvcError: no corpus, no usable audio in it, `out` unusable or prepared with another spec or encoder.
    """
    corpus, out = Path(corpus), Path(out)
    if jobs < 1:
        raise TfvcError(f"jobs is {jobs}; at least one process is needed")
    extractors: list[Extractor] = [MelExtraction(spec), *([embedder] if embedder else [])]
    schema = Schema({WAVEFORM: waveform_feature(spec.sample_rate)} | {e.name: e.feature for e in extractors})
    sources = scan(corpus)
    claim(out, corpus)
    with sole_user(out):
        for folder in (out, out / layout.NEXT):
            check_schema(folder, schema)
        publish(out)
        published = Published(out)
        if published.is_result_of(sources):
            shutil.rmtree(out / layout.NEXT, ignore_errors=True)
            return _summary(list(published.outcomes.values()), computed=0, up_to_date=True)
        staging = Staging(out / layout.NEXT, shard_bytes)
        done = staging.resume(sources)
        layout.write_text(staging.folder / layout.FEATURES, schema.to_json())
        computed = 0
        if progress:
            progress(done, len(sources))
        work = Work(corpus, spec.sample_rate, extractors, jobs)
        for outcome, payload, is_new in outcomes(sources[done:], published, work):
            staging.add(_placed(outcome, staging), payload)
            computed += is_new
            done += 1
            if progress:
                progress(done, len(sources))
        staging.close()
        _finish(staging, corpus, schema)
        publish(out)
        return _summary(staging.outcomes, computed, up_to_date=False)


def _placed(outcome: Outcome, staging: Staging) -> Outcome:
    if isinstance(outcome, Refusal):
        return outcome
    shard, offset = staging.place
    return replace(outcome, shard=shard, offset=offset)


def _finish(staging: Staging, corpus: Path, schema: Schema) -> None:
    """Writes the lists of a completely staged set, the manifest last: it declares the set complete."""
    utterances = [outcome for outcome in staging.outcomes if isinstance(outcome, Utterance)]
    refusals = [outcome for outcome in staging.outcomes if isinstance(outcome, Refusal)]
    if not utterances:
        raise TfvcError(f"{corpus} has no usable audio: none of {len(refusals)} files; first: {refusals[0].reason}")
    layout.write_json(staging.folder / layout.SPEAKERS, speaker_table(staging.folder, utterances, schema))
    layout.write_lines(staging.folder / layout.ERRORS, map(to_line, refusals))
    layout.write_lines(staging.folder / layout.MANIFEST, map(to_line, utterances))


def _summary(outcomes: list[Outcome], computed: int, up_to_date: bool) -> PrepareSummary:
    utterances = [outcome for outcome in outcomes if isinstance(outcome, Utterance)]
    return PrepareSummary(
        utterances=len(utterances),
        speakers=len({utterance.speaker for utterance in utterances}),
        seconds=sum(utterance.seconds for utterance in utterances),
        errors=len(outcomes) - len(utterances),
        computed=computed,
        up_to_date=up_to_date,
    )
