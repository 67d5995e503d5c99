"""`spacecall map`: call an endpoint for each row of a file, durably."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from spacecall._regular_files import check_output, check_output_folder
from spacecall._visible import shorten
from spacecall.batch import Batch
from spacecall.cli._commands.call import EndpointArgument, QuietOption, SourceArgument
from spacecall.cli._runners.endpoint_calls import resolve_source
from spacecall.cli._runners.map_runner import RayEngine, execute_batch, store_stdin
from spacecall.cli._support.async_runner import run_async
from spacecall.cli._support.credential_options import ReadCredentials, takes_credentials
from spacecall.errors import InvalidInputError
from spacecall.rows import Concurrency

__all__ = ["map_"]


@takes_credentials(oauth_token=True)
def map_(
    source: SourceArgument,
    endpoint: EndpointArgument,
    *,
    input_: Annotated[
        str,
        typer.Option(
            "--input",
            metavar="FILE",
            help="Read the rows of this .jsonl, .csv, .parquet, .jsonl.gz or .csv.gz file; - for "
            "JSON lines on stdin.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            metavar="PATH",
            help="Write the outcomes to this .jsonl or .parquet file, or to files in this folder.",
        ),
    ],
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE",
            help="Send rows to this copy of the app too. Repeatable.",
            show_default=False,
        ),
    ] = None,
    map_columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="PARAMETER=COLUMN",
            help="Take a parameter from a column of another name. Repeatable.",
            show_default=False,
        ),
    ] = None,
    id_column: Annotated[
        str,
        typer.Option("--id", metavar="COLUMN", help="The id of a row. [default: its number]"),
    ] = "",
    delimiter: Annotated[
        str,
        typer.Option(
            metavar="CHAR",
            help="The character between the fields of CSV, such as ';'; tab for a tab.",
        ),
    ] = ",",
    files_to: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Save files of results in this folder; with --engine ray also an address such as "
            "s3://bucket/folder. [default: `files` in the output folder; for an output file, write "
            "their addresses]",
            show_default=False,
        ),
    ] = None,
    dead_letter: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write rows that failed to this .jsonl file, which can be the next input. "
            "[default: `failed.jsonl` in the output folder]",
            show_default=False,
        ),
    ] = None,
    concurrency: Annotated[
        str,
        typer.Option(metavar="N", help="Run up to N calls at once, or as many as the app takes."),
    ] = "auto",
    rate: Annotated[
        float | None,
        typer.Option(metavar="N", help="Start at most N calls per second.", show_default=False),
    ] = None,
    on_quota: Annotated[
        str,
        typer.Option(
            metavar="wait|stop",
            help="If the ZeroGPU quota is used up, wait until it is restored, or stop.",
        ),
    ] = "wait",
    retry: Annotated[
        int, typer.Option(min=0, metavar="N", help="Try a row N more times if the app fails.")
    ] = 0,
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed",
            help="Call again for rows that failed in earlier runs; their outcomes are replaced.",
        ),
    ] = False,
    resubmit: Annotated[
        bool,
        typer.Option(
            "--resubmit",
            help="Call again for rows whose outcome is unknown: the app lost their calls, or a run "
            "ended meanwhile. The app may run them twice.",
        ),
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Do only the next N rows in this run.",
            show_default=False,
        ),
    ] = None,
    max_errors: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Stop after more failed or lost rows than N.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            metavar="local|ray",
            help="Call from this process, or from the nodes of a Ray cluster (extra ray).",
        ),
    ] = "local",
    ray_address: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="The Ray cluster: auto for that of this machine, or host:port. [default: Ray runs "
            "on this machine for this command]",
            show_default=False,
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    quiet: QuietOption = False,
    read_credentials: ReadCredentials,
) -> None:
    """Call an endpoint for each row of a file.

    \b
    spacecall map SOURCE /endpoint --input rows.csv --output results.parquet

    A column is the parameter of the same name. Run the same command again to go on after an
    interruption: rows with an outcome are not called again.
    """  # noqa: D301 - typer needs this character
    if on_quota not in ("wait", "stop"):
        raise InvalidInputError(f"--on-quota must be wait or stop, got {shorten(on_quota)!r}")
    if rate is not None and not rate > 0:
        raise InvalidInputError(f"--rate must be more than 0 calls per second, got {rate:g}")
    for option, path in (("--output", output), ("--dead-letter", dead_letter)):
        if path == Path("-"):
            raise InvalidInputError(f"{option} must be a file or folder, stdout (-) is neither")
        if path is not None and not path.is_dir():
            check_output(option, path)
    ray_engine = _parse_engine(engine, ray_address, files_to)
    files_folder = _parse_folder(files_to)

    async def execute() -> int:
        batch = Batch(
            endpoint=endpoint,
            input=await store_stdin(output) if input_ == "-" else Path(input_),
            output=output,
            columns=_parse_columns(map_columns or []),
            id_column=id_column or None,
            files_to=files_folder,
            dead_letter=dead_letter,
            concurrency=_parse_concurrency(concurrency),
            rate=rate,
            on_quota="wait" if on_quota == "wait" else "stop",
            retries=retry,
            resubmit=resubmit,
            max_errors=max_errors,
            limit=limit,
            retry_failed=retry_failed,
            delimiter=_parse_delimiter(delimiter, input_),
        )
        sources = [resolve_source(each) for each in [source, *(also or [])]]
        if len(set(sources)) < len(sources):
            raise InvalidInputError("--also names a source that is there already")
        return await execute_batch(
            sources, batch, credentials, ray_engine, as_json=json_, quiet=quiet
        )

    credentials = read_credentials()
    if code := run_async(execute):
        raise typer.Exit(code)


def _parse_columns(pairs: Sequence[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not (name and equals and column):
            raise InvalidInputError(f"--map must be PARAMETER=COLUMN, got {shorten(pair)!r}")
        if name in columns:
            raise InvalidInputError(f"--map has the parameter {shorten(name)} twice")
        columns[name] = column
    return columns


def _parse_delimiter(text: str, source: str) -> str:
    delimiter = "\t" if text in ("tab", "\\t") else text
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0':
        raise InvalidInputError(
            "--delimiter must be a character of ASCII other than a quote or a line break, or tab, "
            f"got {shorten(text)!r}"
        )
    if delimiter != "," and not source.lower().endswith((".csv", ".csv.gz")):
        raise InvalidInputError(f"--delimiter is for CSV files: {shorten(source)!r} has none")
    return delimiter


def _parse_concurrency(text: str) -> Concurrency:
    if text == "auto":
        return "auto"
    if not text.isdecimal() or int(text) < 1:
        raise InvalidInputError(f"--concurrency must be a number or auto, got {shorten(text)!r}")
    return int(text)


def _parse_engine(engine: str, address: str | None, files_to: str | None) -> RayEngine | None:
    if engine not in ("local", "ray"):
        raise InvalidInputError(f"--engine must be local or ray, got {shorten(engine)!r}")
    is_remote = files_to is not None and "://" in files_to
    if engine == "ray":
        if address is not None and address.startswith("ray://"):
            raise InvalidInputError(
                "--ray-address cannot be a Ray client's: run the command on a node of the cluster, "
                "such as with `ray job submit`"
            )
        return RayEngine(address, files_to if is_remote else None)
    if address is not None:
        raise InvalidInputError("--ray-address needs --engine ray")
    if is_remote:
        raise InvalidInputError("--files-to must be a folder: addresses need --engine ray")
    return None


def _parse_folder(files_to: str | None) -> Path | None:
    if files_to is None or "://" in files_to:
        return None
    folder = Path(files_to)
    check_output_folder("--files-to", folder)
    return folder
