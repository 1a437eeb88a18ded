"""Names that other libraries have removed since the days of TensorFlow 1, as data.

A target is `module:name` (the name may be dotted, or empty for the module itself); one that starts
with `!` is a function of `heal_functions`, built for the purpose.
"""

from __future__ import annotations

# Module, since when they are gone, "name=target ...".
NAMES: tuple[tuple[str, str, str], ...] = (
    (
        "numpy",
        "NumPy 1.24",
        "bool=builtins:bool complex=builtins:complex float=builtins:float int=builtins:int "
        "long=builtins:int object=builtins:object str=builtins:str unicode=builtins:str "
        "bool8=numpy:bool_ int0=numpy:intp uint0=numpy:uintp object0=numpy:object_ "
        "str0=numpy:str_ bytes0=numpy:bytes_ void0=numpy:void typeDict=numpy:sctypeDict",
    ),
    ("numpy", "NumPy 1.23", "asscalar=!asscalar alen=builtins:len loads=pickle:loads"),
    ("numpy", "NumPy 1.18", "rank=numpy:ndim"),
    (
        "numpy",
        "NumPy 2.0",
        "Inf=numpy:inf Infinity=numpy:inf infty=numpy:inf PINF=numpy:inf NINF=!minus_infinity "
        "NaN=numpy:nan NAN=numpy:nan NZERO=!minus_zero PZERO=!plus_zero "
        "float_=numpy:float64 complex_=numpy:complex128 cfloat=numpy:complex128 "
        "singlecomplex=numpy:complex64 longfloat=numpy:longdouble "
        "longcomplex=numpy:clongdouble clongfloat=numpy:clongdouble "
        "string_=numpy:bytes_ unicode_=numpy:str_ "
        "alltrue=numpy:all sometrue=numpy:any product=numpy:prod cumproduct=numpy:cumprod "
        "row_stack=numpy:vstack round_=numpy:round mat=numpy:asmatrix msort=!msort "
        "asfarray=!asfarray cast=!cast safe_eval=ast:literal_eval issubclass_=!issubclass_ "
        "issubsctype=!issubsctype find_common_type=!find_common_type "
        "obj2sctype=!obj2sctype sctypes=!sctypes maximum_sctype=!maximum_sctype "
        "disp=builtins:print compat=!numpy_compat",
    ),
    ("numpy", "NumPy 2.4", "in1d=!in1d trapz=numpy:trapezoid"),
    ("numpy.random", "NumPy 2.4", "random_integers=!random_integers"),
    (
        "scipy",
        "SciPy 1.12",
        "array=numpy:array zeros=numpy:zeros ones=numpy:ones rand=numpy.random:rand "
        "randn=numpy.random:randn sqrt=numpy:sqrt exp=numpy:exp log=numpy:log sum=numpy:sum "
        "mean=numpy:mean dot=numpy:dot arange=numpy:arange linspace=numpy:linspace pi=numpy:pi "
        "inf=numpy:inf nan=numpy:nan where=numpy:where diag=numpy:diag eye=numpy:eye "
        "interp=numpy:interp polyfit=numpy:polyfit polyval=numpy:polyval ndarray=numpy:ndarray "
        "float32=numpy:float32 float64=numpy:float64 int32=numpy:int32 int64=numpy:int64 "
        "factorial=scipy.special:factorial comb=scipy.special:comb",
    ),
    (
        "scipy.misc",
        "SciPy 1.2",
        "imread=!imread imsave=!imsave imresize=!imresize imrotate=!imrotate imshow=!imshow "
        "toimage=!toimage fromimage=!fromimage bytescale=!bytescale "
        "comb=scipy.special:comb factorial=scipy.special:factorial "
        "factorial2=scipy.special:factorial2 logsumexp=scipy.special:logsumexp",
    ),
    ("scipy.ndimage", "SciPy 1.2", "imread=!imread"),
    (
        "scipy.signal",
        "SciPy 1.13",
        "gaussian=scipy.signal.windows:gaussian hann=scipy.signal.windows:hann "
        "hanning=scipy.signal.windows:hann hamming=scipy.signal.windows:hamming "
        "blackman=scipy.signal.windows:blackman kaiser=scipy.signal.windows:kaiser",
    ),
    (
        "scipy.integrate",
        "SciPy 1.14",
        "simps=scipy.integrate:simpson trapz=scipy.integrate:trapezoid "
        "cumtrapz=scipy.integrate:cumulative_trapezoid",
    ),
    ("scipy.linalg", "SciPy 1.9", "pinv2=scipy.linalg:pinv"),
    (
        "PIL.Image",
        "Pillow 10",
        "ANTIALIAS=PIL.Image:Resampling.LANCZOS LINEAR=PIL.Image:Resampling.BILINEAR "
        "CUBIC=PIL.Image:Resampling.BICUBIC NEAREST=PIL.Image:Resampling.NEAREST "
        "BILINEAR=PIL.Image:Resampling.BILINEAR BICUBIC=PIL.Image:Resampling.BICUBIC "
        "LANCZOS=PIL.Image:Resampling.LANCZOS AFFINE=PIL.Image:Transform.AFFINE "
        "PERSPECTIVE=PIL.Image:Transform.PERSPECTIVE fromstring=PIL.Image:frombytes "
        "FLIP_LEFT_RIGHT=PIL.Image:Transpose.FLIP_LEFT_RIGHT "
        "FLIP_TOP_BOTTOM=PIL.Image:Transpose.FLIP_TOP_BOTTOM "
        "ROTATE_90=PIL.Image:Transpose.ROTATE_90 ROTATE_180=PIL.Image:Transpose.ROTATE_180 "
        "ROTATE_270=PIL.Image:Transpose.ROTATE_270",
    ),
    (
        "matplotlib.pyplot",
        "matplotlib 3.0",
        "hold=!hold ishold=!ishold spectral=matplotlib.pyplot:nipy_spectral",
    ),
    (
        "matplotlib.cm",
        "matplotlib 3.9",
        "get_cmap=matplotlib.pyplot:get_cmap register_cmap=!register_cmap "
        "spectral=matplotlib.cm:nipy_spectral Vega10=matplotlib.cm:tab10 "
        "Vega20=matplotlib.cm:tab20",
    ),
    (
        "matplotlib.mlab",
        "matplotlib 3.1",
        "normpdf=!normpdf bivariate_normal=!bivariate_normal frange=numpy:arange "
        "prctile=numpy:percentile griddata=scipy.interpolate:griddata",
    ),
    (
        "collections",
        "Python 3.10",
        "Awaitable=collections.abc:Awaitable ByteString=collections.abc:ByteString "
        "Callable=collections.abc:Callable Container=collections.abc:Container "
        "Coroutine=collections.abc:Coroutine Generator=collections.abc:Generator "
        "Hashable=collections.abc:Hashable ItemsView=collections.abc:ItemsView "
        "Iterable=collections.abc:Iterable Iterator=collections.abc:Iterator "
        "KeysView=collections.abc:KeysView Mapping=collections.abc:Mapping "
        "MappingView=collections.abc:MappingView MutableMapping=collections.abc:MutableMapping "
        "MutableSequence=collections.abc:MutableSequence MutableSet=collections.abc:MutableSet "
        "Reversible=collections.abc:Reversible Sequence=collections.abc:Sequence "
        "Set=collections.abc:Set Sized=collections.abc:Sized "
        "ValuesView=collections.abc:ValuesView",
    ),
    ("time", "Python 3.8", "clock=time:process_time"),
    ("fractions", "Python 3.9", "gcd=math:gcd"),
    ("inspect", "Python 3.11", "getargspec=!getargspec"),
    ("base64", "Python 3.9", "encodestring=base64:encodebytes decodestring=base64:decodebytes"),
    ("cgi", "Python 3.8", "escape=html:escape"),
    ("configparser", "Python 3.12", "SafeConfigParser=configparser:ConfigParser"),
    ("imp", "Python 3.12", "reload=importlib:reload load_source=!load_source"),
    ("logging", "Python 3.13", "warn=logging:warning"),
    ("os", "Python 3.7", "errno=errno:"),
    ("os", "Python 3.0", "getcwdu=os:getcwd"),
    (
        "sys",
        "Python 3.0",
        "maxint=sys:maxsize setdefaultencoding=!setdefaultencoding exc_clear=!nothing",
    ),
    (
        "itertools",
        "Python 3.0",
        "izip=builtins:zip imap=builtins:map ifilter=builtins:filter "
        "izip_longest=itertools:zip_longest ifilterfalse=itertools:filterfalse",
    ),
    ("operator", "Python 3.0", "div=operator:truediv isCallable=builtins:callable"),
    (
        "string",
        "Python 3.0",
        "letters=string:ascii_letters lowercase=string:ascii_lowercase "
        "uppercase=string:ascii_uppercase maketrans=builtins:str.maketrans atoi=builtins:int "
        "atof=builtins:float join=!string_join split=builtins:str.split "
        "strip=builtins:str.strip lstrip=builtins:str.lstrip rstrip=builtins:str.rstrip "
        "lower=builtins:str.lower upper=builtins:str.upper replace=builtins:str.replace "
        "find=builtins:str.find zfill=builtins:str.zfill count=builtins:str.count",
    ),
    (
        "types",
        "Python 3.0",
        "BooleanType=builtins:bool DictType=builtins:dict FloatType=builtins:float "
        "IntType=builtins:int ListType=builtins:list LongType=builtins:int "
        "StringType=builtins:str StringTypes=!string_types "
        "TupleType=builtins:tuple TypeType=builtins:type UnicodeType=builtins:str "
        "ClassType=builtins:type ObjectType=builtins:object",
    ),
    (
        "urllib",
        "Python 3.0",
        "urlretrieve=urllib.request:urlretrieve urlopen=urllib.request:urlopen "
        "urlencode=urllib.parse:urlencode quote=urllib.parse:quote "
        "quote_plus=urllib.parse:quote_plus unquote=urllib.parse:unquote "
        "unquote_plus=urllib.parse:unquote_plus request=urllib.request: parse=urllib.parse:",
    ),
    ("sklearn.preprocessing", "scikit-learn 0.22", "Imputer=sklearn.impute:SimpleImputer"),
)

# Module, since when they are gone, "Class.method=target ..."; only what a class lacks is set.
METHODS: tuple[tuple[str, str, str], ...] = (
    ("PIL.Image", "Pillow 10", "Image.tostring=!image_tobytes Image.fromstring=!image_frombytes"),
    ("PIL.ImageDraw", "Pillow 10", "ImageDraw.textsize=!draw_textsize"),
    ("PIL.ImageFont", "Pillow 10", "FreeTypeFont.getsize=!font_getsize"),
    (
        "matplotlib.axes",
        "matplotlib 3.0",
        "Axes.hold=!hold Axes.set_axis_bgcolor=!axes_set_facecolor",
    ),
    (
        "matplotlib.backend_bases",
        "matplotlib 3.6",
        "FigureCanvasBase.set_window_title=!canvas_set_window_title",
    ),
    ("pandas", "pandas 1.0", "DataFrame.as_matrix=!as_matrix Series.as_matrix=!as_matrix"),
    ("threading", "Python 3.9", "Thread.isAlive=!thread_is_alive"),
    (
        "unittest",
        "Python 3.12",
        "TestCase.assertEquals=!assert_equal TestCase.assertItemsEqual=!assert_count_equal",
    ),
)

# Module, "function=wrapper ...": the functions are there but refuse or do what they did not;
# each wrapper of `heal_functions` calls the original first.
WRAPPED: tuple[tuple[str, str], ...] = (
    ("numpy", "load=load_own_pickles array=array_of_ragged fromstring=fromstring_binary"),
    ("pickle", "load=pickle_load loads=pickle_loads"),
    ("matplotlib", "use=use_without_display"),
    ("matplotlib.axes", "Axes.hist=hist_normed Axes.grid=grid_b"),
    ("matplotlib.figure", "Figure.gca=gca_projection"),
    ("matplotlib.style", "use=style_use"),
    ("random", "sample=sample_of_set"),
)

# Module that is gone -> since when, and the modules whose names it had.
MODULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "imp": ("Python 3.12", ()),
    "cPickle": ("Python 3.0", ("pickle",)),
    "ConfigParser": ("Python 3.0", ("configparser",)),
    "Queue": ("Python 3.0", ("queue",)),
    "StringIO": ("Python 3.0", ("io",)),
    "cStringIO": ("Python 3.0", ("io",)),
    "Tkinter": ("Python 3.0", ("tkinter",)),
    "__builtin__": ("Python 3.0", ("builtins",)),
    "urllib2": ("Python 3.0", ("urllib.request", "urllib.error", "urllib.parse")),
    "urlparse": ("Python 3.0", ("urllib.parse",)),
    "scipy.misc": ("SciPy 1.18", ()),
    "sklearn.cross_validation": ("scikit-learn 0.20", ("sklearn.model_selection",)),
    "sklearn.grid_search": ("scikit-learn 0.20", ("sklearn.model_selection",)),
    "sklearn.externals": ("scikit-learn 0.23", ()),
    "sklearn.externals.joblib": ("scikit-learn 0.23", ("joblib",)),
}

# Built-in names of Python 2, for programs that use them without defining them.
BUILTINS: dict[str, str] = {
    "basestring": "builtins:str",
    "cmp": "!cmp",
    "execfile": "!execfile",
    "file": "builtins:open",
    "long": "builtins:int",
    "raw_input": "builtins:input",
    "reduce": "functools:reduce",
    "reload": "importlib:reload",
    "unichr": "builtins:chr",
    "unicode": "builtins:str",
    "xrange": "builtins:range",
}
