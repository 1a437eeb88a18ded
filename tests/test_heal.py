"""Names that other libraries removed: each row of the table, and what stays as it is."""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from evergraph.compat import heal, heal_functions, heal_table

OPTIONAL = {"scipy", "PIL", "matplotlib", "pandas", "sklearn", "joblib", "tkinter"}


def every_target():
    for module, _, words in (*heal_table.NAMES, *heal_table.METHODS):
        for word in words.split():
            name, _, target = word.partition("=")
            yield pytest.param(module, target, id=f"{module}.{name}")
    for name, target in heal_table.BUILTINS.items():
        yield pytest.param("builtins", target, id=name)


@pytest.mark.parametrize(("module", "target"), list(every_target()))
def test_every_target_is_there(module, target):
    for needed in {module.partition(".")[0], target.partition(":")[0].partition(".")[0]}:
        if needed in OPTIONAL:
            pytest.importorskip(needed)
    heal.target_of(target)


def test_every_wrapper_is_there():
    for _, words in heal_table.WRAPPED:
        for word in words.split():
            assert callable(getattr(heal_functions, word.partition("=")[2]))


def test_no_name_is_listed_twice():
    keys = [
        (module, word.partition("=")[0])
        for module, _, words in (*heal_table.NAMES, *heal_table.METHODS)
        for word in words.split()
    ]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("sources", [s for _, s in heal_table.MODULES.values() if s])
def test_modules_that_took_over_are_there(sources):
    for source in sources:
        if source.partition(".")[0] in OPTIONAL:
            pytest.importorskip(source)
        importlib.import_module(source)


@pytest.fixture
def run(tmp_path: Path):
    def run(source: str, *options: str):
        (tmp_path / "old.py").write_text(dedent(source))
        return subprocess.run(
            [sys.executable, "-m", "evergraph", "run", *options, "old.py"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "DISPLAY": ""},
        )

    return run


def test_names_come_back_each_with_one_note(run):
    done = run(
        """
        import collections, fractions, inspect, itertools, os, string, sys, time
        import numpy as np
        from numpy import product
        for _ in range(2):
            print(np.float is float, np.sometrue([0, 1]), product([2, 3]), np.NINF)
        print(isinstance({}, collections.Mapping), fractions.gcd(4, 6), sys.maxint > 0)
        print(inspect.getargspec(lambda a, b=2, *c: 0), list(itertools.izip("a", "b")))
        print(string.letters[:2], string.join(["a", "b"]), time.clock() >= 0, os.getcwdu() != "")
        print([np.float32(3)], np.in1d([1, 2], [2]), np.cast["int32"]([1.5]))
        print(np.array([[1, 2], [3]]).dtype, np.fromstring(b"\\1\\2", np.uint8))
        for i in xrange(1): print(unicode("u"))
        """
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "True True 6 -inf",
        "True True 6 -inf",
        "True 2 True",
        "ArgSpec(args=['a', 'b'], varargs='c', keywords=None, defaults=(2,)) [('a', 'b')]",
        "ab a b True True",
        "[3.0] [False  True] [1]",
        "object [1 2]",
        "u",
    ]
    notes = [line for line in done.stderr.splitlines() if line.startswith("note: ")]
    assert notes.count("note: numpy.float went in NumPy 1.24; evergraph uses float (old.py:6)") == 1
    assert len(notes) == len(set(notes)) and len(notes) > 12


def test_no_heal_leaves_them_out(run):
    done = run("import numpy as np\nprint(np.float)", "--no-heal")
    assert done.returncode == 1 and "AttributeError" in done.stderr
    assert "note: numpy.float" not in done.stderr


def test_libraries_see_the_modules_as_they_are(run):
    done = run("import numpy as np\nimport os.path\nprint(hasattr(np, 'no_such_name'))")
    assert done.stdout == "False\n" and done.stderr == ""


def test_old_builtins_a_program_defines_itself_are_its_own(run):
    done = run(
        """
        try:
            xrange
        except NameError:
            xrange = "mine"
        def f(unicode):
            return unicode
        print(xrange, f(2))
        """
    )
    assert done.stdout == "mine 2\n" and done.stderr == ""


def test_own_pickles_are_read_and_others_not(run, tmp_path):
    np.save(tmp_path / "foreign.npy", np.array([{}], dtype=object))
    done = run(
        """
        import numpy as np
        np.save("own.npy", np.array([{"a": 1}], dtype=object))
        print(np.load("own.npy")[0])
        np.load("foreign.npy")
        """
    )
    assert done.stdout == "{'a': 1}\n" and "own.npy itself" in done.stderr
    assert done.returncode == 1 and "allow_pickle" in done.stderr


def test_python2_pickles_are_read(run, tmp_path):
    # protocol 0: the byte string "\xe9" and a number, as Python 2 wrote them
    (tmp_path / "py2.pkl").write_bytes(b"(S'\\xe9'\nI5\nt.")
    done = run("import pickle\nprint(pickle.load(open('py2.pkl')))")
    assert done.stdout == "('\xe9', 5)\n", done.stderr
    assert "written by Python 2" in done.stderr


def test_a_module_that_is_gone(run):
    done = run(
        """
        import cPickle
        try:
            import Queue
        except ImportError:
            Queue = None
        print(cPickle.loads(cPickle.dumps(3)), Queue)
        """
    )
    assert done.stdout == "3 None\n" and "module cPickle went in Python 3.0" in done.stderr


def test_scipy_misc_images(run):
    pytest.importorskip("PIL")
    pytest.importorskip("scipy")
    done = run(
        """
        import numpy as np
        import scipy.misc
        from scipy.misc import imread, imsave, imresize
        a = (np.arange(8 * 6 * 3) % 251).reshape(8, 6, 3).astype(np.uint8)
        imsave("a.png", a)
        print((imread("a.png") == a).all(), imread("a.png", flatten=True).dtype)
        print([imresize(a, size).shape for size in (0.5, 50, (4, 5))])
        print(scipy.misc.imread("a.png", mode="L").shape)
        from PIL import Image
        print(Image.open("a.png").resize((3, 4), Image.ANTIALIAS).size)
        """
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "True float32",
        "[(4, 3, 3), (4, 3, 3), (4, 5, 3)]",
        "(8, 6)",
        "(3, 4)",
    ]


def test_bytescale_spans_the_values():
    scaled = heal_functions.bytescale(np.array([[-1.0, 0.0, 1.0]]))
    np.testing.assert_array_equal(scaled, [[0, 128, 255]])
    same = np.array([[3, 4]], np.uint8)
    assert heal_functions.bytescale(same) is same
    with pytest.raises(ValueError, match="low"):
        heal_functions.bytescale(np.zeros((1, 1)), low=9, high=3)


def test_toimage_finds_the_channels():
    pytest.importorskip("PIL")
    assert heal_functions.toimage(np.zeros((3, 5, 4), np.uint8)).size == (4, 5)
    assert heal_functions.toimage(np.zeros((5, 4), np.float32), mode="F").mode == "F"
    assert heal_functions.toimage(np.zeros((5, 4, 4), np.uint8)).mode == "RGBA"
    with pytest.raises(ValueError, match="no image"):
        heal_functions.toimage(np.zeros((5, 6, 2)))


def test_matplotlib_arguments(run):
    pytest.importorskip("matplotlib")
    done = run(
        """
        import matplotlib.pyplot as plt
        plt.hold(True)
        heights = plt.hist([1, 1, 2], bins=2, normed=True)[0]
        figure, axes = plt.subplots()
        axes.grid(b=True)
        axes.hold(True)
        plt.style.use("seaborn-whitegrid")
        print(heights.tolist(), figure.gca(projection="3d").name, plt.cm.get_cmap("jet").name)
        """
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(" 3d jet\n")


@pytest.mark.parametrize(
    ("function", "args", "expected"),
    [
        (heal_functions.asscalar, (np.array([3]),), 3),
        (heal_functions.cmp, (1, 2), -1),
        (heal_functions.asfarray, ([1, 2],), np.array([1.0, 2.0])),
        (heal_functions.msort, (np.array([[2, 1], [1, 2]]),), np.array([[1, 1], [2, 2]])),
        (heal_functions.obj2sctype, ("f4",), np.float32),
        (heal_functions.find_common_type, ([np.int32, np.float64], []), np.float64),
        (heal_functions.maximum_sctype, (np.float32,), np.longdouble),
        (heal_functions.normpdf, (0.0, 0.0, 1.0), 0.3989422804014327),
        (heal_functions.bivariate_normal, (0.0, 0.0), 0.15915494309189535),
    ],
)
def test_small_functions(function, args, expected):
    np.testing.assert_array_equal(function(*args), expected)


def test_pickle_helpers_pass_other_things_on():
    assert heal_functions.pickle_loads(pickle.loads, pickle.dumps([1])) == [1]
