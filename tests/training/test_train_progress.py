"""Progress: a bar on a terminal, plain lines elsewhere, always on stderr."""

import io

from rich.console import Console

from foreword.training.progress import Reporter


def test_elsewhere_progress_is_plain_lines_on_stderr(capsys):
    with Reporter(10, first_step=4) as reporter:
        reporter.step(5, num_tokens=100)
        reporter.logged(5, loss=1.23456)
        reporter.say("a [line] for people")
    out, err = capsys.readouterr()
    assert out == ""
    assert "step 5/10  loss 1.235" in err
    assert "tokens/s" in err
    assert "a [line] for people" in err
    assert reporter.bar is None


def test_silent_shows_nothing(capsys):
    with Reporter(10, silent=True) as reporter:
        reporter.step(1, 5)
        reporter.logged(1, 2.0)
        reporter.say("nothing")
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_there_is_a_bar():
    reporter = Reporter(4)
    screen = io.StringIO()
    reporter.console = Console(file=screen, force_terminal=True, width=120)
    with reporter:
        reporter.step(2, 50)
        reporter.logged(2, 0.5)
        assert reporter.bar is not None
        reporter.bar.refresh()
    assert "2/4" in screen.getvalue()
    assert "loss 0.500" in screen.getvalue()
