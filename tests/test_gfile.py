"""`tf.gfile` and `tf.io.gfile`: files, folders, and which errors they raise."""

from __future__ import annotations

import pytest

from evergraph import tf

errors = tf.errors


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path)


def _write(path, text):
    with tf.gfile.GFile(path, "w") as f:
        f.write(text)
    return path


def test_writing_and_reading(folder):
    path = _write(folder + "/a.txt", "one\ntwo\n")
    with tf.gfile.Open(path) as f:
        assert f.name == path and f.mode == "r" and f.seekable()
        assert f.read(4) == "one\n" and f.tell() == 4
        assert f.read() == "two\n" and f.size() == 8
    assert tf.gfile.GFile(path, "rb").read() == b"one\ntwo\n"
    assert tf.gfile.FastGFile(path, "rb").read(3) == b"one"


def test_text_and_bytes(folder):
    path = _write(folder + "/a", "grün")
    assert tf.gfile.GFile(path, "r").read() == "grün"
    with tf.gfile.GFile(path, "wb") as f:
        f.write("text")
        f.write(b"bytes")
    assert tf.gfile.GFile(path).read() == "textbytes"


def test_lines(folder):
    path = _write(folder + "/a", "one\r\ntwo\nthree")
    f = tf.gfile.GFile(path)
    assert f.readline() == "one\n"
    assert list(f) == ["two\n", "three"] and f.readline() == ""
    f.seek(0)
    assert f.readlines() == ["one\n", "two\n", "three"]
    f.seek(0)
    assert f.next() == "one\n" and next(f) == "two\n"


def test_seeking(folder):
    f = tf.gfile.GFile(_write(folder + "/a", "0123456789"))
    f.seek(4)
    assert f.read(1) == "4"
    f.seek(1, 1)
    assert f.read(1) == "6"
    f.seek(-1, 2)
    assert f.read() == "9"
    f.seek(position=2)
    assert f.read(1) == "2"
    for arguments in ({}, {"offset": 1, "position": 1}):
        with pytest.raises(TypeError):
            f.seek(**arguments)
    with pytest.raises(errors.InvalidArgumentError):
        f.seek(0, 7)


def test_appending_and_both_ways(folder):
    path = _write(folder + "/a", "one ")
    with tf.gfile.GFile(path, "a") as f:
        f.write("two")
        assert f.size() == 7
    with tf.gfile.GFile(path, "a+") as f:
        assert f.read() == "one two"
        f.write("!")
        assert f.read() == "!"
    with tf.gfile.GFile(path, "w+") as f:
        f.write("new")
        assert f.read() == "new"
    with tf.gfile.GFile(path, "w") as f:
        f.write("abc")
        assert f.tell() == 3
        f.flush()
        assert tf.gfile.GFile(path).read() == "abc"


def test_modes(folder):
    path = _write(folder + "/a", "text")
    with pytest.raises(errors.PermissionDeniedError):
        tf.gfile.GFile(path, "w").read()
    with pytest.raises(errors.PermissionDeniedError):
        tf.gfile.GFile(path, "r").write("x")
    with pytest.raises(errors.InvalidArgumentError):
        tf.gfile.GFile(path, "x")


def test_a_missing_file_is_missed_when_it_is_read(folder):
    f = tf.gfile.GFile(folder + "/none")
    with pytest.raises(errors.NotFoundError, match="none"):
        f.read()
    with pytest.raises(errors.NotFoundError):
        tf.gfile.GFile(folder + "/no/folder", "w").write("x")
    with pytest.raises(errors.FailedPreconditionError):
        tf.gfile.GFile(folder).read()


def test_folders(folder):
    tf.gfile.MakeDirs(folder + "/a/b")
    tf.gfile.MakeDirs(folder + "/a/b")
    tf.gfile.MkDir(folder + "/c")
    assert tf.gfile.IsDirectory(folder + "/a") and not tf.gfile.IsDirectory(folder + "/d")
    assert tf.gfile.ListDirectory(folder) == ["a", "c"]
    for kind, call in (
        (errors.AlreadyExistsError, lambda: tf.gfile.MkDir(folder + "/c")),
        (errors.NotFoundError, lambda: tf.gfile.MkDir(folder + "/x/y")),
        (errors.NotFoundError, lambda: tf.gfile.ListDirectory(folder + "/x")),
        (errors.NotFoundError, lambda: tf.gfile.DeleteRecursively(folder + "/x")),
    ):
        with pytest.raises(kind):
            call()
    tf.gfile.DeleteRecursively(folder + "/a")
    assert tf.gfile.ListDirectory(folder) == ["c"]


def test_copy_rename_remove_stat(folder):
    a, b = _write(folder + "/a", "text"), folder + "/b"
    tf.gfile.Copy(a, b)
    with pytest.raises(errors.AlreadyExistsError):
        tf.gfile.Copy(a, b)
    tf.gfile.Copy(a, b, overwrite=True)
    with pytest.raises(errors.AlreadyExistsError):
        tf.gfile.Rename(a, b)
    tf.gfile.Rename(a, b, overwrite=True)
    assert not tf.gfile.Exists(a) and tf.gfile.Exists(b)
    stat = tf.gfile.Stat(b)
    assert stat.length == 4 and not stat.is_directory and stat.mtime_nsec > 0
    assert tf.gfile.Stat(folder).is_directory
    tf.gfile.Remove(b)
    for call in (tf.gfile.Remove, tf.gfile.Stat, lambda p: tf.gfile.Copy(p, a)):
        with pytest.raises(errors.NotFoundError):
            call(b)


def test_glob(folder):
    names = [folder + "/" + name for name in ("a1.txt", "a2.txt", "b.bin")]
    for name in names:
        _write(name, "")
    assert tf.gfile.Glob(folder + "/a*.txt") == names[:2]
    assert tf.gfile.Glob([folder + "/b*", folder + "/a?.txt"]) == [names[2], *names[:2]]
    assert tf.gfile.Glob(folder + "/none*") == []


def test_walk(folder):
    tf.gfile.MakeDirs(folder + "/a/b")
    _write(folder + "/a/f", "")
    down = [(folder, ["a"], []), (folder + "/a", ["b"], ["f"]), (folder + "/a/b", [], [])]
    assert list(tf.gfile.Walk(folder)) == down
    assert list(tf.gfile.Walk(folder, in_order=False)) == down[::-1]
    seen = []
    assert list(tf.io.gfile.walk(folder + "/x", onerror=seen.append)) == []
    assert isinstance(seen[0], errors.NotFoundError)


def test_the_newer_names(folder, tmp_path):
    gfile = tf.io.gfile
    gfile.makedirs(folder + "/a/b")
    gfile.mkdir(tmp_path / "c")
    path = _write(folder + "/a/f", "text")
    gfile.copy(path, folder + "/g", overwrite=True)
    gfile.rename(folder + "/g", folder + "/h")
    assert gfile.exists(tmp_path / "h") and gfile.isdir(folder) and gfile.stat(path).length == 4
    assert gfile.listdir(folder) == ["a", "c", "h"] and gfile.glob(folder + "/h*")
    gfile.remove(folder + "/h")
    gfile.rmtree(folder + "/a")
    assert gfile.listdir(folder) == ["c"]
    assert gfile.GFile is tf.gfile.GFile is tf.gfile.Open


def test_names_may_be_bytes(folder):
    path = _write(folder + "/a", "text")
    assert tf.gfile.Exists(path.encode()) and tf.gfile.GFile(path.encode()).read() == "text"
