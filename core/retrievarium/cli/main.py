"""Entry point: gathers the commands, turns our errors into sentences, and reports to the job folder if there is one."""

from __future__ import annotations

import errno
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from retrievarium.cli import data, learning, mapping, retrieval, system, units
from retrievarium.cli.output import report
from retrievarium.contracts import Cancelled, RetrievariumError
from retrievarium.workspace import Jobs, job_reporter, use_workspace

# typer brings its own click in some versions and shares the installed one in others; what it raises is its own
_UsageError: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
_STOPPED = "stopped; what was finished is kept"
_UNREACHABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG)

app = typer.Typer(
    name="retrievarium",
    help="Watch retrievers live: train, index, search and compare on a laptop.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for room in (system, data, retrieval, mapping, units, learning):
    room.register(app)


@app.callback()
def options(
    workspace: Annotated[
        Path | None,
        typer.Option(
            help="Folder that keeps collections, indexes and trained models.", envvar="RETRIEVARIUM_WORKSPACE"
        ),
    ] = None,
) -> None:
    if workspace is not None:
        use_workspace(workspace)


def _run(argv: list[str] | None) -> tuple[int, Any, str | None]:
    """`(exit code, result, error)` of one command."""
    try:
        result = app(argv, standalone_mode=False)
        if isinstance(result, int):  # typer hands back the code of an exit (--help: 0, Ctrl+C: 130) as the result
            return result, None, _STOPPED if result == 130 else None
        return 0, result, None
    except (typer.Abort, KeyboardInterrupt):
        return 130, None, _STOPPED
    except Cancelled as stop:
        return 130, None, str(stop)
    except SystemExit as stop:  # whoever read our output went away (`| head`)
        return (stop.code if isinstance(stop.code, int) else 1), None, None
    except RetrievariumError as error:
        return 2, None, str(error)
    except OSError as error:
        if error.errno not in _UNREACHABLE:
            raise
        return 2, None, f"{error.filename or 'a file'}: {(error.strerror or str(error)).lower()}"
    except _UsageError as error:
        return 2, None, _usage(error)


def _usage(error: Any) -> str | None:
    """The sentence about a command that was typed wrongly; the help, and no sentence, where nothing was typed."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return None
    command = error.ctx.command_path if getattr(error, "ctx", None) else "retrievarium"
    message = error.format_message().rstrip(".")
    return f"{message}. See: {command} --help"


def main(argv: list[str] | None = None) -> None:
    """Run one command. Exit codes: 0 done, 2 wrong input (a sentence says what to do), 130 stopped, 1 our own fault."""
    reporter = job_reporter()
    try:
        code, result, error = _run(argv)
    except BaseException as fault:  # noqa: BLE001  a job must not end without a word, whatever went wrong
        if reporter:
            reporter.finish("failed", error=f"{type(fault).__name__}: {fault}")
            Jobs(reporter.folder.parent).advance()
        traceback.print_exc()
        sys.exit(1)
    if error:
        report(error)
    if reporter:
        state = "done" if code == 0 else "cancelled" if code == 130 else "failed"
        reporter.finish(state, result=result, error=error)
        Jobs(reporter.folder.parent).advance()  # the next in the queue
    sys.exit(code)
