import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tfvc.parity.findings.drift import Drift
from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.findings import Findings
from tfvc.parity.show.html import to_html, write_html
from tfvc.parity.show.html.tree import tree

VOID = {"meta", "link", "path", "circle", "br"}


class Page(HTMLParser):
    """Text and elements of a page; every element must be closed where it was opened."""

    def __init__(self, page: str):
        super().__init__()
        self.open, self.elements, self.texts = [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if not {"style", "script"} & set(self.open):
            self.texts.append(text)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def having(self, tag, look=""):
        return [a for t, a in self.elements if t == tag and look in [*(a.get("class") or "").split(), ""]]


def test_the_culprit_comes_before_everything_else(failing_report):
    page = to_html([failing_report])
    top = Page(page[: page.index("</header>")] + "</header></article></main></body></html>").text
    assert "decoder.lstm" in re.search(r"<h1>.*?</h1>", page).group()
    for words in (
        "different",
        "autovc",
        "decoder/lstm (TheirLSTM)",
        "The gates f and g are swapped.",
        "Order them i, f, g, o.",
        "5.0e-01",
        "allowed 1.0e-10",
        "5.0e+06",
        "1.0e-16",
        "1 culprit",
        "Compare the slots.",
        "Accepted by the case, so the reference does the same: batch norm epsilon.",
        "gates f and o swapped 5.0e-01 4.0e-01",
    ):
        assert words in top


def test_a_culprit_that_is_the_whole_model_shows_its_own_figures(failing_report):
    why, layer = failing_report.diagnoses[0], failing_report.layers[0]
    layer.path, layer.parent, layer.propagated_forward = "", None, [replace(why.row, error64=0.375)]
    failing_report.layers, failing_report.diagnoses = [layer], [replace(why, culprit=layer.name)]
    assert "propagated error 3.8e-01" in Page(to_html([failing_report])).text


def test_nothing_comes_from_outside_the_page(passing_report, failing_report):
    page = to_html([passing_report, failing_report])
    assert re.search(r"https?:|//[a-z]|url\(|@import", page) is None
    for _, attributes in Page(page).elements:
        assert attributes.get("src") is None
        assert (attributes.get("href") or "#")[0] == "#" or attributes["href"] == "data:,"
    assert "default-src 'none'" in page


def test_names_are_text_and_not_markup(failing_report):
    failing_report.case = "</title><script>alert(1)</script>"
    page = to_html([failing_report])
    assert "<script>alert" not in page
    assert "mel <b>&\"'" in Page(page).text


def test_every_tensor_is_in_a_drawing_and_in_a_table(failing_report):
    page = Page(to_html([failing_report]))
    of_layers = 5  # each view of each layer that was looked at
    titles = [attributes for tag, attributes in page.elements if tag == "g"]
    assert len(titles) == len(failing_report.rows) + of_layers
    for row in failing_report.rows:
        assert row.where in page.text  # the hint of its column
    assert len(page.having("tr", "fail")) == len([row for row in failing_report.rows if row.failed]) + 5
    assert "Keras float32 is not finite" in page.text


def test_a_reason_is_told_where_the_figures_beside_it_do_not(failing_report):
    row = failing_report.rows[1]
    imprecise = Failure(FailureKind.PRECISION, figure=2000.0, bound=1024.0)
    failing_report.rows = [replace(row, key="mel", failures=(*row.failures, imprecise))]
    page = to_html([failing_report])
    assert "<td>differs; float32 noise is 2000 x torch&#39;s</td>" in page
    assert "float64 error 5.0e-01 &gt;" not in page[page.index("<h2>Forward</h2>") :]


def test_the_tree_has_the_verdicts(failing_report):
    page = Page(to_html([failing_report]))
    verdicts = ("culprit", "victim", "fine", "not-compared", "unpaired")
    assert {v: len(page.having("details", v)) for v in verdicts} == {
        "culprit": 1,
        "victim": 3,
        "fine": 1,
        "not-compared": 1,
        "unpaired": 1,
    }
    assert "torch has no module for it" in page.text


def test_layers_lie_in_one_another(failing_report):
    (whole,) = tree(failing_report.layers)
    (decoder,) = whole.children
    assert [node.name for node in decoder.children] == ["lstm", "linear", "linear (call 2)", "post", "decoder/relu"]
    assert whole.verdicts == {"victim": 2, "culprit": 1, "fine": 1, "not compared": 1, "unpaired": 1}
    assert [node.keras_name for node in decoder.children] == ["…/lstm", "…/linear", "…/linear", "…/post", ""]


def test_a_layer_whose_surroundings_are_not_in_the_report_lies_in_what_is_around_them(failing_report):
    lstm, linear, again, _, _, decoder, whole = failing_report.layers
    assert [node.name for node in tree([lstm, linear])] == ["decoder.lstm", "decoder.linear"]
    (root,) = tree([lstm, linear, whole])
    assert [node.name for node in root.children] == ["decoder.lstm", "decoder.linear"]
    second = replace(decoder, call=2)
    _, called_again = tree([decoder, second, again])
    assert [node.name for node in called_again.children] == ["linear"]  # its call is that of its parent


def test_a_page_without_a_failure(passing_report):
    page = Page(to_html([passing_report]))
    assert "equal small" in page.text
    assert "Keras equals PyTorch" in page.text
    assert not page.having("tr", "fail")
    assert not page.having("g", "fail")
    for words in ("Forward", "Backward", "Training", "Environment", "a processor", "gradients: conv.bias"):
        assert words in page.text


def test_several_reports_show_those_that_failed_first(passing_report, failing_report):
    page = to_html([passing_report, failing_report])
    assert page.index("Order them i, f, g, o") < page.index("Keras equals PyTorch")
    assert "2 cases, 1 differs" in Page(page).text
    targets = {a["href"][1:] for t, a in Page(page).elements if t == "a"}
    assert targets == {a["id"] for t, a in Page(page).elements if t == "article"}


def test_drift_is_shown_with_the_second_run_only_where_there_was_one(failing_report):
    text = Page(to_html([failing_report])).text
    assert "2 1.0e-03 w 99.0 1.0e-15 1.0 drifted" in text
    failing_report.drift = [Drift(1, 1e-14, 1.5, "conv.weight", None, None, False)]
    text = Page(to_html([failing_report])).text
    assert "1 1.0e-14 conv.weight 1.5 Step 1" in text


def test_reports_without_layers_causes_or_rows(failing_report):
    failing_report.layers, failing_report.diagnoses = [], []
    page = Page(to_html([failing_report]))
    assert "first wrong at forward, outputs" in page.text
    assert "Nothing was compared" in Page(to_html([Findings("empty", "coded", 0)])).text


def test_what_was_raised_and_what_was_not_compared(failing_report):
    text = Page(to_html([failing_report])).text
    assert (
        "raised train 2, weights: Keras float32 and Keras float64 in decoder/post: ValueError: too <short> (port"
        in text
    )
    assert "Not compared by itself: inputs of shape (2, 3, 9) in torch and (2, 11, 3) in Keras" in text
    assert "Keras float64 in decoder/post, run by itself: ValueError" in text
    assert "Compared in part: torch gives 1 tensors, Keras 2" in text
    assert "the search for a cause: TypeError: no number" in text
    failing_report.diagnoses = failing_report.diagnoses[1:]
    assert "in or behind decoder.post which could not be compared by itself" in Page(to_html([failing_report])).text


def test_a_report_of_which_only_an_exception_is_known(failing_report):
    failing_report.rows, failing_report.layers, failing_report.diagnoses = [], [], []
    assert "ValueError was raised" in Page(to_html([failing_report])).text


def test_a_file_is_written_whole_or_not_at_all(passing_report, failing_report, tmp_path):
    write_html([passing_report], tmp_path / "deep/report.html")
    before = (tmp_path / "deep/report.html").read_text(encoding="utf-8")
    failing_report.case = "\ud800"  # no file can hold it
    with pytest.raises(UnicodeEncodeError):
        write_html([failing_report], tmp_path / "deep/report.html")
    assert (tmp_path / "deep/report.html").read_text(encoding="utf-8") == before
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["report.html"]
