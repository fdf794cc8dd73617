"""`report.schema.json` says what is in the JSON, all of it and nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

from tfvc.cases import layers
from tfvc.layers import BatchNorm
from tfvc.parity import compare, write_json

SCHEMA = json.loads(Path(__file__).with_name("findings").joinpath("report.schema.json").read_text(encoding="utf-8"))


def refuse(constant):
    raise ValueError(f"{constant} is not JSON")


def written(reports, folder):
    """What a strict reader of JSON gets from the file."""
    write_json(reports, folder / "report.json")
    return json.loads((folder / "report.json").read_text(), parse_constant=refuse)


def check(value):
    Draft202012Validator(SCHEMA).validate(value)


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


def test_reports_of_real_comparisons(tmp_path):
    right = compare(layers.dense(), steps=1)
    wrong = compare(replace(layers.batch_norm(), keras_model=lambda: BatchNorm(epsilon=1e-3)), steps=1)
    assert (right.passed, wrong.passed) == (True, False)
    check(written([right, wrong], tmp_path))


def test_a_report_with_everything_in_it(passing_report, failing_report, tmp_path):
    check(written([passing_report, failing_report], tmp_path))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda report: report.pop("rows"),
        lambda report: report.update(new=1),
        lambda report: report["layers"][0].update(verdict="guilty"),
        lambda report: report["layers"][0]["local_forward"][0].pop("ulps"),
        lambda report: report["diagnoses"][0].update(kind="mood"),
        lambda report: report["drift"][0].update(step=0),
        lambda report: report["environment"].pop("onednn"),
    ],
)
def test_what_is_not_a_report_is_refused(failing_report, tmp_path, spoil):
    (report,) = written([failing_report], tmp_path)
    spoil(report)
    with pytest.raises(ValidationError):
        check([report])
