"""Write Python programs that call an endpoint: with a typed client, async, and without async."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spacecall._core.json_values import is_array, is_object
from spacecall.cli._exports.example_arguments import LocalFile, example_arguments, local_files
from spacecall.codegen._literals import quote
from spacecall.codegen._python.python_expressions import (
    Atom,
    Expr,
    Group,
    call,
    format_statement,
    literal,
)
from spacecall.endpoints import Endpoint

__all__ = ["SnippetAuth", "TypedMethod", "write_async", "write_sync", "write_typed"]


_FEED_LOOP = "for _ in range(3):  # each frame of a camera, or each part of a sound"


@dataclass(frozen=True, slots=True)
class SnippetAuth:
    """The credentials that a snippet reads from the environment; it never contains them.

    Attributes:
        login: whether it logs in with SPACECALL_USERNAME and SPACECALL_PASSWORD.
        token: whether it sends a Hugging Face token.
    """

    login: bool = False
    token: bool = False


@dataclass(frozen=True, slots=True)
class TypedMethod:
    """The method of a typed client that calls the endpoint.

    Attributes:
        module: the module to import, such as `spaces.workshop`.
        client: the name of its class.
        method: the name of the method.
        stream_method: the name of the method that opens a stream of inputs; empty if the endpoint
            takes none.
        keywords: the names of its parameters, by the endpoint's own.
        command: the command that generates the client.
    """

    module: str
    client: str
    method: str
    stream_method: str
    keywords: Mapping[str, str]
    command: str


def write_async(address: str, endpoint: Endpoint, auth: SnippetAuth) -> str:
    """Return a program with `Space`."""
    arguments = example_arguments(endpoint)
    head = _imports(["asyncio"], {"spacecall": ["Space"]}, arguments, auth)
    opening = call("Space", literal(address), **_auth_keywords(auth))
    body = _async_body(endpoint, arguments, _dynamic_call(endpoint, arguments))
    return _async_program(head, opening, "space", body)


def write_sync(address: str, endpoint: Endpoint, auth: SnippetAuth) -> str:
    """Return a program with `SyncSpace`."""
    arguments = example_arguments(endpoint)
    head = _imports([], {"spacecall": ["SyncSpace"]}, arguments, auth)
    opening = call("SyncSpace", literal(address), **_auth_keywords(auth))
    job = _dynamic_call(endpoint, arguments)
    if endpoint.stream_input:
        body = [
            *_with(job, "    ", "with ", "feed"),
            f"        {_FEED_LOOP}",
            *format_statement("", _send(endpoint, arguments), indent=12),
            "            print(next(feed.outputs))",
        ]
    elif endpoint.streaming:
        body = [
            *_with(job, "    ", "with ", "job"),
            "        for output in job.outputs:",
            "            print(output)",
        ]
    else:
        waiting = _method(job, "result")
        body = [*format_statement("result = ", waiting, indent=4), "    print(result)"]
    return "\n".join([*head, "", *_with(opening, "", "with ", "space"), *body, ""])


def write_typed(address: str, endpoint: Endpoint, typed: TypedMethod, auth: SnippetAuth) -> str:
    """Return a program with the app's typed client."""
    arguments = example_arguments(endpoint)
    head = _imports(["asyncio"], {typed.module: [typed.client]}, arguments, auth)
    opening = call(f"{typed.client}.connect", literal(address), **_auth_keywords(auth))
    keywords = {
        typed.keywords[name]: _expression(value)
        for name, value in arguments.items()
        if name != endpoint.stream_input
    }
    job = call(f"client.{typed.stream_method or typed.method}", **keywords)
    body = _async_body(endpoint, arguments, job)
    program = _async_program(head, opening, "client", body)
    return f"# The typed client: {typed.command}\n{program}"


def _async_body(endpoint: Endpoint, arguments: Mapping[str, Any], job: Expr) -> list[str]:
    if endpoint.stream_input:
        return [
            *_with(job, "        ", "async with ", "feed"),
            f"            {_FEED_LOOP}",
            *format_statement("await ", _send(endpoint, arguments), indent=16),
            "                print(await anext(feed.outputs))",
        ]
    if endpoint.streaming:
        return [
            *_with(job, "        ", "async with ", "job"),
            "            async for output in job.outputs:",
            "                print(output)",
        ]
    return [*format_statement("result = await ", job, indent=8), "        print(result)"]


def _send(endpoint: Endpoint, arguments: Mapping[str, Any]) -> Expr:
    """Return the call that sends one input of a stream."""
    return call("feed.send", _expression(arguments[endpoint.stream_input or ""]))


def _async_program(head: Sequence[str], opening: Expr, name: str, body: Sequence[str]) -> str:
    lines = [
        *head,
        "",
        "",
        "async def main() -> None:",
        *_with(opening, "    ", "async with ", name),
        *body,
        "",
        "",
        "asyncio.run(main())",
        "",
    ]
    return "\n".join(lines)


def _with(opening: Expr, margin: str, start: str, name: str) -> list[str]:
    *lines, last = format_statement(start, opening, indent=len(margin))
    return [*lines, f"{last} as {name}:"]


def _method(expr: Group, name: str) -> Expr:
    """Return `expr.name()`, which is broken inside the brackets of `expr`."""
    return Group(expr.opening, expr.items, f"{expr.closing}.{name}()")


def _dynamic_call(endpoint: Endpoint, arguments: Mapping[str, Any]) -> Group:
    """Return the call of an endpoint by name, or the stream of one that takes a stream."""
    expressions = {
        name: _expression(value)
        for name, value in arguments.items()
        if name != endpoint.stream_input
    }
    keywords = {
        name: value
        for name, value in expressions.items()
        if name.isidentifier() and not keyword.iskeyword(name) and name != "self"
    }
    others = {name: value for name, value in expressions.items() if name not in keywords}
    method = "stream" if endpoint.stream_input else "call"
    base = call(f"space.{method}", literal(endpoint.name), **keywords)
    if not others:
        return base
    pairs = tuple((f"{quote(name)}: ", value) for name, value in others.items())
    return Group(
        base.opening,
        (*base.items, ("**", Group("{", pairs, "}", one_item_per_line=True))),
        base.closing,
    )


def _expression(value: Any) -> Expr:
    if isinstance(value, LocalFile):
        return call("Path", literal(value.name))
    if not local_files(value):
        return literal(value)
    if is_array(value):
        return Group(
            "[", tuple(("", _expression(item)) for item in value), "]", one_item_per_line=True
        )
    if is_object(value):
        pairs = tuple((f"{quote(key)}: ", _expression(item)) for key, item in value.items())
        return Group("{", pairs, "}", one_item_per_line=True)
    return literal(value)


def _imports(
    modules: Sequence[str],
    imports: Mapping[str, Sequence[str]],
    arguments: Mapping[str, Any],
    auth: SnippetAuth,
) -> list[str]:
    files = local_files(dict(arguments))
    names = {module: list(imported) for module, imported in imports.items()}
    if auth.login or auth.token:
        names.setdefault("spacecall", []).insert(0, "Auth")
    if auth.token:
        names["spacecall.hub"] = ["find_token"]
    standard = [f"import {module}" for module in modules]
    standard += ["import os"] if auth.login else []
    standard += ["from pathlib import Path"] if files else []
    lines = [*standard, *([""] if standard else [])]
    lines += [
        f"from {module} import {', '.join(sorted(names[module]))}" for module in sorted(names)
    ]
    if files:
        listed = ", ".join(file.name for file in files)
        lines = [f"# Files of yours in the current folder: {listed}", *lines]
    return lines


def _auth_keywords(auth: SnippetAuth) -> dict[str, Expr]:
    keywords: dict[str, Expr] = {}
    if auth.token:
        keywords["token"] = call("find_token")
    if auth.login:
        keywords["username"] = Atom('os.environ["SPACECALL_USERNAME"]')
        keywords["password"] = Atom('os.environ["SPACECALL_PASSWORD"]')
    return {"auth": call("Auth", **keywords)} if keywords else {}
