"""Put the commands together, and turn their errors into messages and exit codes.

Results go to stdout; progress, messages and errors go to stderr.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from spacecall._version import __version__
from spacecall.cli._outputs.terminal import (
    discard_stdout,
    escape_streams,
    write,
    write_traceback,
)
from spacecall.cli._support.exit_codes import (
    CHECK_EPILOG,
    DONE,
    FAILED,
    OUTPUT_CLOSED,
    OutputClosedError,
    format_epilog,
)
from spacecall.cli._support.signals import handle_signals

__all__ = ["COMMANDS", "LazyCommand", "create_command", "main", "run"]


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A command: a function, or a `typer.Typer`, in the module of `_commands` with its name.

    Attributes:
        summary: the first sentence of its help.
        function: its name in the module; empty for that of the command.
        command_class: the name in the module of its click class; empty for Typer's.
        epilog: the end of its help.
    """

    summary: str
    function: str = ""
    command_class: str = ""
    epilog: str | None = None


COMMANDS = {
    "inspect": _Entry(summary="Show the endpoints of an app, with parameters and outputs."),
    "schema": _Entry(summary="Export the endpoints of an app as JSON Schema or OpenAPI."),
    "skill": _Entry(summary="Write an agent skill for an app."),
    "call": _Entry(summary="Call an endpoint and print its result.", command_class="CallCommand"),
    "record": _Entry(
        summary="Call an endpoint and record the traffic as a cassette.",
        command_class="CallCommand",
    ),
    "map": _Entry(summary="Call an endpoint for each row of a file.", function="map_"),
    "chat": _Entry(summary="Send messages to a chat model and print its answers."),
    "wait": _Entry(summary="Wait until a Space runs and its app answers."),
    "add": _Entry(summary="Generate a typed client for an app."),
    "refresh": _Entry(summary="Update schemas and clients from their apps."),
    "generate": _Entry(summary="Generate typed clients from their schema files, offline."),
    "check": _Entry(
        summary="Report how apps differ from their generated clients.", epilog=CHECK_EPILOG
    ),
    "list": _Entry(summary="List the typed clients of the project.", function="list_"),
    "remove": _Entry(summary="Delete a client's schemas and its generated module."),
    "rules": _Entry(summary="List the drift rules with their severities, or explain a rule."),
    "demo": _Entry(summary="Generate a client for a local Gradio app and run it."),
    "doctor": _Entry(summary="Show installed packages, proxies, access to the Hub, and the token."),
    "cassettes": _Entry(summary="Show and check recordings of apps."),
}
"""The commands, in the order of the help."""


def create_command() -> TyperGroup:
    """Return the command `spacecall`."""
    group = cast("TyperGroup", typer.main.get_command(_app))
    for name, entry in COMMANDS.items():
        group.add_command(LazyCommand(name, entry))
    return group


class LazyCommand(TyperCommand):
    """A command that is imported when it runs: `spacecall --help` takes its summary from here."""

    def __init__(self, name: str, entry: _Entry) -> None:
        super().__init__(name, help=entry.summary)
        self._entry = entry

    def make_context(self, *args: Any, **options: Any) -> Any:
        """Return a context of the command itself."""
        return self.load().make_context(*args, **options)

    def load(self) -> TyperCommand | TyperGroup:
        """Return the command itself."""
        module = import_module(f"spacecall.cli._commands.{self.name}")
        function = getattr(module, self._entry.function or self.name or "")
        if isinstance(function, typer.Typer):
            return typer.main.get_group(function)
        command_class = self._entry.command_class
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(
            self.name,
            cls=getattr(module, command_class) if command_class else None,
            epilog=self._entry.epilog,
        )(function)
        return cast("TyperCommand", typer.main.get_command(single))


class _CommandGroup(TyperGroup):
    """The commands. Ctrl-C, SIGTERM and SIGHUP end each of them."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command of the command line."""
        with handle_signals():
            return super().invoke(ctx)


_app = typer.Typer(
    name="spacecall",
    cls=_CommandGroup,
    context_settings={"help_option_names": ["--help", "-h"]},
    help="Call Gradio apps and Hugging Face Spaces, and generate typed clients for them.",
    epilog=format_epilog(),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(requested: bool) -> None:  # noqa: FBT001 - called by typer
    if requested:
        write(f"{__version__}\n")
        raise typer.Exit


@_app.callback()
def _common_options(
    *,
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
    ),
) -> None: ...


def run(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    with escape_streams():
        return _run(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code; write the traceback of an unexpected error."""
    try:
        return run(arguments)
    except Exception as error:  # noqa: BLE001 - the interpreter would print it raw
        write_traceback(error)
        return FAILED


def _run(arguments: list[str] | None) -> int:
    try:
        create_command()(args=arguments, prog_name="spacecall")
    except SystemExit as exit_request:
        return exit_request.code if isinstance(exit_request.code, int) else DONE
    except OutputClosedError:
        # Otherwise the interpreter would write the rest of the buffer at exit, and fail again.
        discard_stdout()
        return OUTPUT_CLOSED
    except Exception as error:  # noqa: BLE001 - raised again if it is unexpected
        return _report(error)
    return DONE


def _report(error: Exception) -> int:
    """Write the message of an error and return its exit code; raise an unexpected one again."""
    # Imports the errors of all packages, which most commands do not need.
    from spacecall.cli._support import error_reports  # noqa: PLC0415

    if not isinstance(error, error_reports.EXPECTED_ERRORS):
        raise error
    error_reports.write_error(error)
    return error_reports.exit_code_for(error)
