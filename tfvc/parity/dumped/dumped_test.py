"""Dumps that a stranger wrote: what is judged, what is found, what is refused."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tfvc.common.errors import TfvcError
from tfvc.parity.dumped import Dump, judge_dumps, read_dump
from tfvc.parity.dumped.conftest import OUTPUTS, X, Y, both, check_shown, noisy, outputs
from tfvc.parity.dumped.header import sha256
from tfvc.parity.findings.dumped import Limit
from tfvc.parity.findings.failure import FailureKind
from tfvc.parity.findings.stage import Phase, Stage, StageKind

README = Path(__file__).with_name("README.md").read_text(encoding="utf-8")


def test_what_the_readme_writes_without_tfvc(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    space = {}
    exec(re.search(r"```python\n(import hashlib.*?)```", README, re.DOTALL).group(1), space)
    inputs = {"x": X, "ids": np.arange(2**24, 2**24 + 3)}
    for folder, seed in (("theirs", 1), ("ours", 2)):
        double, single = both(Y, seed)
        space["dump"](folder, inputs, {"y": double}, {"y": single}, numpy=np.__version__)
    report = judge_dumps("theirs", "ours")
    report.raise_on_failure()
    (row,) = report.rows
    assert 0 < row.error64 < 1e-14
    assert 0 < row.ratio < 4
    assert [one.sha256 for one in read_dump("ours").header.given] == [sha256(x) for x in inputs.values()]


def test_a_hash_is_of_the_numbers_however_they_lie():
    given = sha256(X)
    assert {sha256(np.asfortranarray(X)), sha256(X.astype(np.float64)), sha256(X.astype(">f4"))} == {given}
    assert sha256(X.T) != given
    assert sha256(np.arange(3, dtype=np.int32)) == sha256(np.arange(3))
    with pytest.raises(TfvcError, match="complex64 cannot be dumped"):
        sha256(X.astype(np.complex64))


def test_right_and_wrong(sides):
    theirs, ours = sides(outputs(1), outputs(2))
    judge_dumps(theirs, ours).raise_on_failure()


def test_wrong(sides):
    report = judge_dumps(*sides(outputs(1), outputs(2, error=1e-3)))
    assert report.failures[0].failure(FailureKind.ERROR64).figure == pytest.approx(1e-3)
    assert report.limits == [Limit.CAUSE, Limit.LAYERS]
    check_shown(report)


def test_a_side_of_tfvc_beside_one_that_was_written_by_hand(sides):
    def of_tfvc(dump):
        settings = {"phases": ["forward"], "init": "coded", "seed": 0, "steps": 1, "layers": False}
        dump.note(side="keras", settings=settings)
        outputs(2)(dump)

    judge_dumps(*sides(outputs(1), of_tfvc)).raise_on_failure()


def test_axes_cross_by_their_names(sides):
    theirs = outputs(1, y=Y.transpose(0, 2, 1), axes="batch channels time")
    judge_dumps(*sides(theirs, lambda dump: outputs(2, axes="batch time channels")(dump))).raise_on_failure()


def test_axes_of_other_names_are_refused(sides):
    folders = sides(outputs(1, axes="batch channels time"), outputs(2, axes="batch frames channels"))
    with pytest.raises(TfvcError, match="forward, outputs, y: its axes are 'batch channels time'"):
        judge_dumps(*folders)


def test_other_inputs_are_refused(sides):
    with pytest.raises(TfvcError, match="not given the same: the input x differs"):
        judge_dumps(*sides(outputs(1), outputs(2), inputs=(X, X + np.float32(1e-3))))


def test_what_only_one_was_given_is_refused(sides):
    def more(dump):
        outputs(2)(dump)
        dump.give(weights={"w": X[0]})

    with pytest.raises(TfvcError, match="theirs does not say that it was given the weight w"):
        judge_dumps(*sides(outputs(1), more))


def test_a_weight_of_another_size_is_a_finding(sides):
    def with_weight(seed, w):
        def fill(dump):
            outputs(seed)(dump)
            dump.give(weights={"w": w})

        return fill

    report = judge_dumps(*sides(with_weight(1, X[0]), with_weight(2, X[0, :-1])))
    assert report.rows[0].failure(FailureKind.SIZE).keras == (6, 5)
    check_shown(report)


def test_a_stage_that_one_side_lacks_is_refused_unless_its_phase_is_left_out(sides):
    def more(dump):
        outputs(1)(dump)
        dump.add(Stage(Phase.BACKWARD, StageKind.LOSSES), *({"loss": x} for x in both(Y[:1, 0, 0], 1)))

    folders = sides(more, outputs(2))
    with pytest.raises(TfvcError, match="ours has no stage backward, losses"):
        judge_dumps(*folders)
    judge_dumps(*folders, phases=["forward"]).raise_on_failure()


def test_other_shapes_missing_tensors_and_nan_are_findings(sides):
    def theirs(dump):
        for name in ("shape", "nan", "only torch"):
            outputs(1, name=name)(dump)

    def ours(dump):
        outputs(2, name="shape", y=Y[:, :-1])(dump)
        outputs(2, name="nan", y=np.where(Y > 2, np.nan, Y))(dump)
        outputs(2, name="only Keras")(dump)

    report = judge_dumps(*sides(theirs, ours))
    assert (Y > 2).any()
    assert {row.key: row.failures[0].kind for row in report.rows} == {
        "shape": FailureKind.SHAPE,
        "nan": FailureKind.NOT_FINITE,
        "only torch": FailureKind.MISSING,
        "only Keras": FailureKind.MISSING,
    }
    check_shown(report)


@pytest.mark.parametrize("lacking", ["theirs", "ours"])
def test_a_side_without_float64_is_judged_by_the_noise_of_the_other(sides, lacking):
    """Ten times the noise is seen, three times it is not; the report says so."""
    for error, passes in ((0.0, True), (3e-6, False)):

        def one(dump, seed, error, without):
            double, single = both(Y, seed, error)
            dump.add(OUTPUTS, None if without else {"y": double}, {"y": single})

        folders = sides(
            lambda dump: one(dump, 1, 0.0, lacking == "theirs"),
            lambda dump, error=error: one(dump, 2, error, lacking == "ours"),
        )
        report = judge_dumps(*folders)
        assert report.passed is passes
        (row,) = report.rows
        assert (row.error64, row.bound64, row.precision) == (None, None, None)
        assert row.ratio is not None
        assert Limit.NOISE in report.limits
        check_shown(report)
        for folder in folders:
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()


def test_a_side_without_float32_is_judged_in_float64(sides):
    def one(seed, error, without):
        double, single = both(Y, seed, error)
        return lambda dump: dump.add(OUTPUTS, {"y": double}, None if without else {"y": single})

    report = judge_dumps(*sides(one(1, 0.0, False), one(2, 1e-9, True)))
    (row,) = report.rows
    assert row.failed
    assert row.ratio is None
    assert row.error64 == pytest.approx(1e-9, rel=1e-3)
    check_shown(report)


def test_without_float64_on_either_side_nothing_is_judged(sides):
    def one(seed):
        return lambda dump: dump.add(OUTPUTS, None, {"y": noisy(Y, seed)})

    with pytest.raises(TfvcError, match=r"forward, outputs, y: neither .* no noise to judge it by"):
        judge_dumps(*sides(one(1), one(2)))


def test_what_was_raised_accounts_for_what_is_missing(sides):
    def stopped(dump):
        dump.note(raised=[{"exception": "ValueError", "message": "too short", "precision": "float64"}])

    report = judge_dumps(*sides(outputs(1), stopped))
    assert not report.passed
    assert "Keras float64: ValueError: too short" in report.text()
    check_shown(report)


def test_a_dump_is_there_whole_or_not_at_all(tmp_path):
    with pytest.raises(ValueError, match="axes"), Dump(tmp_path / "dump", "small", {}) as dump:
        dump.add(OUTPUTS, {"y": Y}, axes={"y": "time time time"})
    assert list(tmp_path.iterdir()) == []
    with Dump(tmp_path / "dump", "small", {}) as dump:
        dump.give(inputs={"x": X})
        dump.add(OUTPUTS, {"y": Y, "the same": Y})
    with pytest.raises(TfvcError, match="dump exists"):
        Dump(tmp_path / "dump", "small", {})
    assert (tmp_path / "dump" / "float64.safetensors").stat().st_size < 2 * Y.nbytes
    assert not (tmp_path / "dump" / "float32.safetensors").exists()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda header: header.update(format="mine"), "format: "),
        (lambda header: header.pop("format"), "format: missing"),
        (lambda header: header["tensors"][0].update(layer="z", stage="inference outputs"), "is of the layer 'z'"),
        (lambda header: header.update(colour="red"), "colour: "),
        (lambda header: header["tensors"][0].update(stage="mood"), "tensors.0.stage: "),
        (lambda header: header["tensors"][0].update(step=1), "a tensor of the phase train has a step"),
        (lambda header: header["tensors"][0].update(tensor="z"), "there is no tensor 'z'"),
        (lambda header: header["tensors"][0].update(axes="batch time"), "has 3 axes, its header names 'batch time'"),
        (lambda header: header["tensors"].append(header["tensors"][0]), "forward, outputs, y is there twice"),
        (lambda header: header["given"][0].update(sha256="12"), "given.0.sha256: "),
        (lambda header: header.update(given=[]), "says of no input or weight"),
        (lambda header: header.update(case="large"), "is of the case"),
    ],
)
def test_a_header_that_is_wrong_is_told_in_one_line(sides, spoil, message):
    theirs, ours = sides(outputs(1), outputs(2))
    header = json.loads((ours / "dump.json").read_text())
    spoil(header)
    (ours / "dump.json").write_text(json.dumps(header))
    with pytest.raises(TfvcError, match=re.escape(message)) as caught:
        judge_dumps(theirs, ours)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["dump.json", "float64.safetensors", "nothing"])
def test_files_that_are_damaged_or_missing(sides, name):
    theirs, ours = sides(outputs(1), outputs(2))
    (ours / name).write_bytes(b"{")
    with pytest.raises(TfvcError, match=name if name != "nothing" else "no folder"):
        judge_dumps(theirs, ours if name != "nothing" else ours / "nothing")
