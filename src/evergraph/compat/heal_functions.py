"""What names that went are replaced by, where no library has an equal.

Images are read, written and scaled by Pillow as `scipy.misc` did: `imread` gives uint8 arrays,
`toimage` scales values to bytes between their minimum and maximum.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any

from evergraph.compat.frames import is_program, place, program_frame
from evergraph.compat.notes import note

Function = Callable[..., Any]


def _np() -> Any:
    return importlib.import_module("numpy")


def _makes_value(function: Function) -> Function:
    """Marks a replacement that is the value which the function returns."""
    function.makes_value = True  # type: ignore[attr-defined]
    return function


def _note(text: str) -> None:
    note(text, place(program_frame()))


# --- files that the program wrote -----------------------------------------------------------------

_written: set[str] = set()
_watching = False
_WRITING = os.O_WRONLY | os.O_RDWR


def watch_written_files() -> None:
    """Remembers, from now on, every file that this process opens for writing."""
    global _watching
    if not _watching:
        _watching = True
        sys.addaudithook(_remember)


def _remember(event: str, args: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(args[0], str | os.PathLike):
        mode, flags = args[1], args[2]
        if flags & _WRITING if mode is None else set(mode) & set("wax+"):
            _written.add(os.path.realpath(args[0]))


def _is_own(file: Any) -> bool:
    name = getattr(file, "name", file)
    return isinstance(name, str | os.PathLike) and os.path.realpath(name) in _written


def load_own_pickles(original: Function, file: Any, *args: Any, **kwargs: Any) -> Any:
    """`numpy.load`, which also reads pickled objects (as before NumPy 1.16.3) from own files."""
    if args[1:] or "allow_pickle" in kwargs or not _is_own(file):
        return original(file, *args, **kwargs)
    _note(
        "numpy.load reads pickles only on demand since NumPy 1.16.3; this program wrote the file "
        f"{os.path.basename(str(getattr(file, 'name', file)))} itself, so it is read"
    )
    return original(file, *args, allow_pickle=True, **kwargs)


def _binary(file: Any) -> Any:
    """The bytes below a file that was opened as text."""
    return file.buffer if isinstance(file, io.TextIOWrapper) else file


def pickle_load(original: Function, file: Any, *args: Any, **kwargs: Any) -> Any:
    """`pickle.load`, which also reads Python 2's pickles and files opened as text."""
    file = _binary(file)
    if kwargs or not is_program(sys._getframe(2).f_code.co_filename):
        return original(file, *args, **kwargs)
    start = file.tell() if hasattr(file, "tell") else None
    try:
        return original(file)
    except UnicodeDecodeError:
        if start is None:
            raise
        file.seek(start)
        _note("this pickle was written by Python 2; its strings are read as latin-1")
        return original(file, encoding="latin1")


def pickle_loads(original: Function, data: Any, *args: Any, **kwargs: Any) -> Any:
    """`pickle.loads`, which also reads Python 2's pickles."""
    try:
        return original(data, *args, **kwargs)
    except UnicodeDecodeError:
        if "encoding" in kwargs:
            raise
        _note("this pickle was written by Python 2; its strings are read as latin-1")
        return original(data, encoding="latin1")


# --- NumPy ----------------------------------------------------------------------------------------


def array_of_ragged(original: Function, *args: Any, **kwargs: Any) -> Any:
    """`numpy.array`, which makes an array of objects of rows of different lengths."""
    try:
        return original(*args, **kwargs)
    except ValueError as error:
        given = len(args) > 1 or kwargs.get("dtype") is not None
        ours = is_program(sys._getframe(2).f_code.co_filename)
        if given or not ours or "inhomogeneous" not in str(error):
            raise
        _note(
            "numpy.array of rows of different lengths went in NumPy 1.24; evergraph makes an "
            "array of objects"
        )
        return original(*args, **{**kwargs, "dtype": object})


def fromstring_binary(
    original: Function, string: Any, dtype: Any = float, count: int = -1, **kwargs: Any
) -> Any:
    """`numpy.fromstring`, which also reads raw bytes."""
    if kwargs.get("sep"):
        return original(string, dtype, count, **kwargs)
    _note("numpy.fromstring of bytes went in NumPy 2.3; evergraph uses numpy.frombuffer")
    data = string.encode("latin1") if isinstance(string, str) else string
    return _np().frombuffer(data, dtype, count).copy()


def asscalar(a: Any) -> Any:
    """The only element of an array, as a Python number."""
    return a.item()


def msort(a: Any) -> Any:
    """A copy of an array sorted along its first axis."""
    return _np().sort(a, axis=0)


def in1d(ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Which elements of `ar1`, flattened, are in `ar2`."""
    np = _np()
    return np.isin(np.ravel(ar1), ar2, assume_unique=assume_unique, invert=invert)


def random_integers(low: int, high: int | None = None, size: Any = None) -> Any:
    """Random integers from `low` to `high`, both included (from 1 to `low` without `high`)."""
    low, high = (1, low) if high is None else (low, high)
    return _np().random.randint(low, high + 1, size)


def asfarray(a: Any, dtype: Any = None) -> Any:
    """`a` as an array of floats."""
    np = _np()
    dtype = np.float64 if dtype is None else np.dtype(dtype)
    return np.asarray(a, dtype if np.issubdtype(dtype, np.inexact) else np.float64)


def find_common_type(array_types: Any, scalar_types: Any) -> Any:
    """The dtype that arrays and scalars of these types have together."""
    return _np().result_type(*array_types, *scalar_types)


def issubclass_(arg1: Any, arg2: Any) -> bool:
    """`issubclass`, False for what is no class."""
    return isinstance(arg1, type) and issubclass(arg1, arg2)


def issubsctype(arg1: Any, arg2: Any) -> bool:
    """Whether one scalar type is a kind of another."""
    return bool(_np().issubdtype(arg1, arg2))


def obj2sctype(rep: Any, default: Any = None) -> Any:
    """The scalar type of a dtype, type or name; `default` if it is none."""
    try:
        return _np().dtype(rep).type
    except TypeError:
        return default


def maximum_sctype(t: Any) -> Any:
    """The widest scalar type of the kind of `t`."""
    np = _np()
    widest = {"i": np.int64, "u": np.uint64, "f": np.longdouble, "c": np.clongdouble}
    return widest.get(np.dtype(t).kind, np.dtype(t).type)


@_makes_value
def sctypes() -> dict[str, list[Any]]:
    """The scalar types by kind."""
    np = _np()
    return {
        "int": [np.int8, np.int16, np.int32, np.int64],
        "uint": [np.uint8, np.uint16, np.uint32, np.uint64],
        "float": [np.float16, np.float32, np.float64, np.longdouble],
        "complex": [np.complex64, np.complex128, np.clongdouble],
        "others": [bool, object, bytes, str, np.void],
    }


class _Cast(Mapping[Any, Function]):
    """`numpy.cast[dtype](array)`."""

    def __getitem__(self, dtype: Any) -> Function:
        return lambda array: _np().asarray(array, dtype)

    def __iter__(self) -> Any:
        return iter(_np().sctypeDict.values())

    def __len__(self) -> int:
        return len(_np().sctypeDict)


@_makes_value
def cast() -> _Cast:
    """The table of casts."""
    return _Cast()


@_makes_value
def minus_infinity() -> float:
    """-inf."""
    return -float("inf")


@_makes_value
def minus_zero() -> float:
    """-0.0."""
    return -0.0


@_makes_value
def plus_zero() -> float:
    """0.0."""
    return 0.0


@_makes_value
def numpy_compat() -> Any:
    """The few names of `numpy.compat` that programs use."""
    names = {"long": int, "unicode": str, "asbytes": _as_bytes, "asstr": _as_str}
    return namedtuple("compat", names)(**names)


def _as_bytes(s: Any) -> bytes:
    return s if isinstance(s, bytes) else str(s).encode("latin1")


def _as_str(s: Any) -> str:
    return s.decode("latin1") if isinstance(s, bytes) else str(s)


# --- images ---------------------------------------------------------------------------------------


def fromimage(im: Any, flatten: bool = False, mode: str | None = None) -> Any:
    """A Pillow image as an array: palettes become colours, bits bytes, `flatten` gives floats."""
    if mode is not None and mode != im.mode:
        im = im.convert(mode)
    elif mode is None and im.mode == "P":
        im = im.convert("RGBA" if "transparency" in im.info else "RGB")
    if flatten:
        im = im.convert("F")
    elif im.mode == "1":
        im = im.convert("L")
    return _np().array(im)


def imread(name: Any, flatten: bool = False, mode: str | None = None) -> Any:
    """The pixels of an image file, uint8 `[rows, columns(, channels)]`."""
    image = importlib.import_module("PIL.Image")
    with image.open(name) as im:
        return fromimage(im, flatten=flatten, mode=mode)


def bytescale(data: Any, cmin: Any = None, cmax: Any = None, high: int = 255, low: int = 0) -> Any:
    """Values from `cmin` to `cmax` (their extremes by default) as bytes from `low` to `high`."""
    np = _np()
    data = np.asarray(data)
    if data.dtype == np.uint8:
        return data
    if not 0 <= low <= high <= 255:
        raise ValueError(f"low={low} and high={high} must be 0 <= low <= high <= 255.")
    cmin = data.min() if cmin is None else cmin
    cmax = data.max() if cmax is None else cmax
    if cmax < cmin:
        raise ValueError(f"cmax={cmax} is less than cmin={cmin}.")
    scaled = (data * 1.0 - cmin) * ((high - low) / ((cmax - cmin) or 1)) + low
    return (scaled.clip(low, high) + 0.5).astype(np.uint8)


def toimage(
    arr: Any,
    high: int = 255,
    low: int = 0,
    cmin: Any = None,
    cmax: Any = None,
    pal: Any = None,
    mode: str | None = None,
    channel_axis: int | None = None,
) -> Any:
    """An array as a Pillow image: 2-D gray (or `mode`), 3-D with 3 or 4 channels in colour."""
    image = importlib.import_module("PIL.Image")
    np = _np()
    data = np.asarray(arr)
    if data.ndim == 2:
        if mode in ("F", "I"):
            return image.fromarray(data.astype(np.float32 if mode == "F" else np.int32))
        gray = image.fromarray(bytescale(data, cmin, cmax, high, low))
        if pal is not None:
            gray.putpalette(np.asarray(pal, np.uint8).tobytes())
        return gray if mode in (None, "L", "P") else gray.convert(mode)
    axis = _channel_axis(data.shape, channel_axis)
    colour = image.fromarray(np.moveaxis(bytescale(data, cmin, cmax, high, low), axis, -1).copy())
    return colour if mode in (None, colour.mode) else colour.convert(mode)


def _channel_axis(shape: tuple[int, ...], given: int | None) -> int:
    """The axis of a 3-D array that holds the 3 or 4 channels: the last, by preference of 3."""
    if len(shape) == 3 and given is not None and shape[given] in (3, 4):
        return given
    for channels in (3, 4):
        if len(shape) == 3 and given is None and channels in shape:
            return shape.index(channels)
    raise ValueError(f"An array of shape {shape} is no image: it needs 2 axes, or 3 or 4 channels.")


def imsave(name: Any, arr: Any, format: str | None = None) -> None:
    """Writes an array as an image file; the ending of the name, or `format`, says which."""
    toimage(arr, channel_axis=2 if _np().ndim(arr) == 3 else None).save(name, format)


def _resampling(interp: str) -> Any:
    kinds = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "cubic": 3}
    return importlib.import_module("PIL.Image").Resampling(kinds[interp])


def imresize(arr: Any, size: Any, interp: str = "bilinear", mode: str | None = None) -> Any:
    """An image array scaled to `(rows, columns)`, by percent (int) or by a fraction (float)."""
    np = _np()
    im = toimage(arr, mode=mode)
    if np.ndim(size):
        width, height = int(size[1]), int(size[0])
    else:
        factor = size / 100.0 if isinstance(size, int | np.integer) else size
        width, height = (int(extent * factor) for extent in im.size)
    return fromimage(im.resize((width, height), resample=_resampling(interp)))


def imrotate(arr: Any, angle: float, interp: str = "bilinear") -> Any:
    """An image array turned counter-clockwise by `angle` degrees."""
    return fromimage(toimage(arr).rotate(angle, resample=_resampling(interp)))


def imshow(arr: Any) -> None:
    """Shows an array in the system's image viewer, where there is a display."""
    from evergraph.compat.headless import has_display

    if has_display():
        toimage(arr).show()
    else:
        _note("there is no display; imshow shows nothing")


def image_tobytes(self: Any, *args: Any, **kwargs: Any) -> bytes:
    """`Image.tobytes`."""
    return bytes(self.tobytes(*args, **kwargs))


def image_frombytes(self: Any, *args: Any, **kwargs: Any) -> None:
    """`Image.frombytes`."""
    self.frombytes(*args, **kwargs)


def _extent(box: tuple[float, ...]) -> tuple[int, int]:
    return int(box[2]), int(box[3])


def draw_textsize(self: Any, text: str, font: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Width and height of a text as `ImageDraw` draws it."""
    return _extent(self.textbbox((0, 0), text, font, *args, **kwargs))


def font_getsize(self: Any, text: str, *args: Any, **kwargs: Any) -> Any:
    """Width and height of a text in a font."""
    return _extent(self.getbbox(text, *args, **kwargs))


# --- matplotlib -----------------------------------------------------------------------------------


def hold(*args: Any, **kwargs: Any) -> None:
    """Nothing: plots have been held ever since."""


def ishold() -> bool:
    """True: plots have been held ever since."""
    return True


def register_cmap(name: str | None = None, cmap: Any = None) -> None:
    """Registers a colour map under a name."""
    importlib.import_module("matplotlib").colormaps.register(cmap, name=name)


def normpdf(x: Any, mu: float, sigma: float) -> Any:
    """The normal density."""
    np = _np()
    return np.exp(-0.5 * ((x - mu) / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)


def bivariate_normal(
    X: Any,
    Y: Any,
    sigmax: float = 1.0,
    sigmay: float = 1.0,
    mux: float = 0.0,
    muy: float = 0.0,
    sigmaxy: float = 0.0,
) -> Any:
    """The density of two normal variables with covariance `sigmaxy`."""
    np = _np()
    rho = sigmaxy / (sigmax * sigmay)
    x, y = (X - mux) / sigmax, (Y - muy) / sigmay
    z = x**2 + y**2 - 2 * rho * x * y
    norm = 2 * np.pi * sigmax * sigmay * np.sqrt(1 - rho**2)
    return np.exp(-z / (2 * (1 - rho**2))) / norm


def axes_set_facecolor(self: Any, color: Any) -> None:
    """`Axes.set_facecolor`."""
    self.set_facecolor(color)


def canvas_set_window_title(self: Any, title: str) -> None:
    """The title of the figure's window, where it has one."""
    if self.manager is not None:
        self.manager.set_window_title(title)


def use_without_display(original: Function, backend: Any, **kwargs: Any) -> None:
    """`matplotlib.use`, without the argument `warn`, and with Agg where nothing can be shown."""
    from evergraph.compat.headless import has_display

    kwargs.pop("warn", None)
    windows = ("tk", "qt", "gtk", "wx", "macosx", "nbagg", "webagg")
    if not has_display() and str(backend).lower().startswith(windows):
        _note(f"there is no display; matplotlib's Agg backend is used, not {backend}")
        backend = "Agg"
    original(backend, **kwargs)


def hist_normed(original: Function, *args: Any, **kwargs: Any) -> Any:
    """`Axes.hist`, whose argument `normed` is now `density`."""
    if "normed" in kwargs:
        _note("hist(normed=...) went in matplotlib 3.1; evergraph uses density=...")
        kwargs["density"] = bool(kwargs.pop("normed"))
    return original(*args, **kwargs)


def grid_b(original: Function, *args: Any, **kwargs: Any) -> Any:
    """`Axes.grid`, whose argument `b` is now `visible`."""
    if "b" in kwargs:
        _note("grid(b=...) went in matplotlib 3.6; evergraph uses visible=...")
        kwargs["visible"] = kwargs.pop("b")
    return original(*args, **kwargs)


def gca_projection(original: Function, self: Any, **kwargs: Any) -> Any:
    """`Figure.gca`, which made axes of a given projection."""
    if not kwargs:
        return original(self)
    _note("gca(...) with arguments went in matplotlib 3.6; evergraph uses add_subplot(...)")
    return self.add_subplot(**kwargs)


def style_use(original: Function, style: Any) -> None:
    """`matplotlib.style.use`, which knows the seaborn styles by their old names too."""
    available = importlib.import_module("matplotlib.style").available
    renamed = f"seaborn-v0_8{str(style).removeprefix('seaborn')}"
    if isinstance(style, str) and style not in available and renamed in available:
        _note(f"the style {style} was renamed in matplotlib 3.6; evergraph uses {renamed}")
        style = renamed
    original(style)


# --- the standard library -------------------------------------------------------------------------

ArgSpec = namedtuple("ArgSpec", "args varargs keywords defaults")


def getargspec(func: Any) -> ArgSpec:
    """The arguments of a function, as `inspect.getargspec` gave them."""
    spec = importlib.import_module("inspect").getfullargspec(func)
    if spec.kwonlyargs:
        raise ValueError("Function has keyword-only parameters; use inspect.getfullargspec.")
    return ArgSpec(spec.args, spec.varargs, spec.varkw, spec.defaults)


def sample_of_set(original: Function, population: Any, k: int, **kwargs: Any) -> Any:
    """`random.sample`, which drew from sets too."""
    if isinstance(population, set | frozenset):
        _note("random.sample of a set went in Python 3.11; evergraph samples its list")
        population = list(population)
    return original(population, k, **kwargs)


def string_join(words: Any, sep: str = " ") -> str:
    """`sep.join(words)`."""
    return sep.join(words)


@_makes_value
def string_types() -> tuple[type, ...]:
    """The types of text."""
    return (str,)


def setdefaultencoding(name: str) -> None:
    """Nothing: Python 3's default encoding is UTF-8."""


def nothing() -> None:
    """Nothing is left to do."""


def cmp(x: Any, y: Any) -> int:
    """-1, 0 or 1, as `x` is less than, equal to or greater than `y`."""
    return int(x > y) - int(x < y)


def execfile(filename: str, globals: dict[str, Any] | None = None, locals: Any = None) -> None:
    """Runs a file in the caller's namespace, or in the given ones."""
    frame = sys._getframe(1)
    space = frame.f_globals if globals is None else globals
    with open(filename, encoding="utf-8") as file:
        exec(compile(file.read(), filename, "exec"), space, space if locals is None else locals)


def thread_is_alive(self: Any) -> bool:
    """`Thread.is_alive`."""
    return bool(self.is_alive())


def assert_equal(self: Any, *args: Any, **kwargs: Any) -> None:
    """`TestCase.assertEqual`."""
    self.assertEqual(*args, **kwargs)


def assert_count_equal(self: Any, *args: Any, **kwargs: Any) -> None:
    """`TestCase.assertCountEqual`."""
    self.assertCountEqual(*args, **kwargs)


def as_matrix(self: Any, columns: Any = None) -> Any:
    """A pandas frame's values as an array."""
    return (self if columns is None else self[columns]).to_numpy()


# --- the module imp -------------------------------------------------------------------------------


def load_source(name: str, pathname: str) -> Any:
    """The module that a source file makes, as `imp.load_source` gave it."""
    util = importlib.import_module("importlib.util")
    spec = util.spec_from_file_location(name, pathname)
    module = util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
