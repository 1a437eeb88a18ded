"""`evergraph run`: how a program sees itself, how it ends, what it converts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest


@pytest.fixture
def run(tmp_path: Path):
    """Writes a program and runs it; gives the finished process."""

    def run(source: str, *args: str, name: str = "program.py", options=(), env=None):
        (tmp_path / name).write_text(dedent(source))
        return subprocess.run(
            [sys.executable, "-m", "evergraph", "run", *options, name, *args],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, **(env or {})},
        )

    return run


@pytest.mark.smoke
def test_a_program_sees_itself(run, tmp_path):
    done = run(
        """
        import os, sys
        print(__name__, sys.argv, os.path.samefile(sys.path[0], os.getcwd()))
        print(os.path.basename(__file__), sys.modules["__main__"].__dict__ is globals())
        """,
        "--flag",
        "x",
    )
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.splitlines() == [
        "__main__ ['program.py', '--flag', 'x'] True",
        "program.py True",
    ]


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("raise SystemExit('enough')", 1, "enough\n"),
        ("import sys; sys.exit()", 0, ""),
        ("raise KeyboardInterrupt", 130, "KeyboardInterrupt"),
    ],
)
def test_exit_codes_are_the_programs(run, ending, code, said):
    done = run(ending)
    assert done.returncode == code and said in done.stderr


def test_a_file_that_is_not_there(run):
    done = run("", options=["nothing.py"])
    assert done.returncode == 2 and "does not exist" in done.stderr


@pytest.mark.smoke
def test_mistakes_end_at_the_users_line(run):
    source = """
    import tensorflow as tf
    def build():
        return tf.matmul(tf.zeros([2, 3]), tf.zeros([2, 3]))
    build()
    """
    done = run(source)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("  File")]
    assert len(lines) == 2 and lines[-1].endswith("line 4, in build")
    full = run(source, env={"EVERGRAPH_TRACEBACK": "full"})
    assert "evergraph" in full.stderr and full.stderr.count("  File") > 4


def test_callbacks_of_libraries_stay_in_tracebacks(run):
    done = run("import json\njson.loads('{')")
    assert "json/decoder.py" in done.stderr.replace(os.sep, "/")


def test_a_mistake_in_the_source(run):
    done = run("x = 1\ny = = 2\n")
    assert done.returncode == 1 and "line 2" in done.stderr and "SyntaxError" in done.stderr


def test_python2_is_converted(run, tmp_path):
    (tmp_path / "helper.py").write_text("def half(x):\n\tprint 'half'\n        return x / 2\n")
    done = run(
        """
        import helper
        print "seven halves:", 7 / 2, -7 / 2, 7 / 2.0, helper.half(9)
        x = [9]
        x[0] /= 2
        print x, [k for k in xrange(2)], {1: 2}.has_key(1)
        try:
            raise ValueError, "wrong"
        except ValueError, error:
            print error
        1 / 0
        """
    )
    assert done.stdout.splitlines() == [
        "half",
        "seven halves: 3 -4 3.5 4",
        "[4] [0, 1] True",
        "wrong",
    ]
    assert "program.py is Python 2" in done.stderr and "helper.py is Python 2" in done.stderr
    assert done.returncode == 1 and "line 11" in done.stderr and "1 / 0" in done.stderr


def test_python2_division_from_the_future_and_forced_conversion(run):
    assert run("from __future__ import division\nprint 7 / 2").stdout == "3.5\n"
    assert run("print(7 / 2)").stdout == "3.5\n"
    assert run("print(7 / 2)", options=["--py2"]).stdout == "3\n"


def test_neither_python_3_nor_2(run):
    done = run("print 'a'\nclass = 3\n")
    assert done.returncode == 1 and "neither Python 3 nor Python 2" in done.stderr


def notebook(*cells: str) -> str:
    made = [{"cell_type": "markdown", "source": "# A title"}]
    made += [{"cell_type": "code", "source": c.splitlines(keepends=True)} for c in cells]
    return json.dumps({"cells": made, "nbformat": 4})


def test_a_notebook_runs_as_its_code_cells(run):
    book = notebook(
        "%matplotlib inline\nx = 3\n!ls",
        "%%bash\nexit 1",
        "%%time\nprint(x % 2, '50%')\nif x:\n    %timeit x",
        "def f():\n    raise ValueError('in a cell')\nf()",
    )
    done = run(book, name="book.ipynb")
    assert done.stdout == "1 50%\n"
    for note in ("cell 1: skipped %matplotlib inline", "skipped !ls", "cell 2 is skipped: %%bash"):
        assert note in done.stderr
    assert '"<book.ipynb, cell 4>", line 2, in f' in done.stderr
    assert "raise ValueError('in a cell')" in done.stderr


def test_an_older_notebook_and_none_at_all(run):
    cells = [{"cell_type": "code", "input": ["print(1)"]}]
    old = json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3})
    assert run(old, name="old.ipynb").stdout == "1\n"
    assert "is no notebook" in run("{}", name="no.ipynb").stderr


def test_plots_do_not_block_without_a_display(run):
    pytest.importorskip("matplotlib")
    done = run(
        """
        import matplotlib
        matplotlib.use("TkAgg")
        import matplotlib.pyplot as plt
        figure = plt.figure()
        plt.plot([1, 2])
        plt.show()
        plt.show()
        figure.show()
        print(plt.waitforbuttonpress(), plt.ginput(1), plt.get_backend().lower())
        """,
        env={"DISPLAY": "", "WAYLAND_DISPLAY": "", "MPLBACKEND": "Agg"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "None [] agg\n"
    assert done.stderr.count("show() shows nothing") == 1


@pytest.mark.smoke
def test_steps_stop_a_program(run):
    done = run(
        """
        import tensorflow as tf
        v = tf.Variable(0.0)
        up = tf.assign_add(v, 1.0)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            while True:
                try:
                    print(sess.run(up))
                except Exception:
                    pass
        """,
        options=["--steps", "4"],
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1.0", "2.0", "3.0"]
    assert "stopped after 4 Session.run calls" in done.stderr


def test_an_uncaught_error_in_a_thread(run):
    done = run(
        """
        import threading
        thread = threading.Thread(target=lambda: [][0], name="worker")
        thread.start(); thread.join()
        print("done")
        """
    )
    assert done.returncode == 0 and done.stdout == "done\n"
    assert "Exception in thread worker" in done.stderr and "IndexError" in done.stderr
