"""Entry point: gathers the commands, turns our errors into sentences, and reports to the job folder if there is one."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import click
import typer

from retrievarium.cli import data, learning, retrieval, system
from retrievarium.cli.output import report
from retrievarium.contracts import Cancelled, RetrievariumError
from retrievarium.workspace import Jobs, job_reporter, use_workspace

app = typer.Typer(
    name="retrievarium",
    help="Watch retrievers live: train, index, search and compare on a laptop.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for room in (system, data, retrieval, learning):
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
        # click hands back the code of an explicit exit (--help, no arguments) as the result
        return (result, None, None) if isinstance(result, int) else (0, result, None)
    except click.exceptions.Abort:
        return 130, None, "stopped"
    except click.ClickException as error:
        error.show()
        return error.exit_code, None, error.format_message()
    except Cancelled as stop:
        return 130, None, str(stop)
    except KeyboardInterrupt:
        return 130, None, "stopped; what was finished is kept"
    except RetrievariumError as error:
        return 2, None, str(error)


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
