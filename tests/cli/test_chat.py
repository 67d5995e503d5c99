"""`spacecall chat`, against the replica of the Phi-4 Space on Gradio 5.50."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from spacecall.chat import Conversation
from tests.cli.conftest import Cli
from tests.cli.processes import Terminal, start_command, terminal, wait_until
from tests.conftest import ServerPool
from tests.faults.exchanges import Exchange
from tests.inference.stand_in import (
    CHAT,
    StandIn,
    answering,
    chunk,
    saying,
    standing_in,
    streaming,
)
from tests.servers import DATA, GRADIO_6, AppServer

RED = DATA / "red.png"
TONE = DATA / "tone.wav"


def test_the_answer_is_all_that_is_on_stdout(cli: Cli, phi4_app: AppServer) -> None:
    done = cli("chat", "phi-4", "Hello", "--url", phi4_app.url)
    assert (done.code, done.err) == (0, "")
    assert done.out == "Phi-4 replica turn 1. You said: Hello\n"


def test_images_audio_and_a_system_message_go_along(cli: Cli, phi4_app: AppServer) -> None:
    done = cli(
        *("chat", "phi-4", "-", "--url", phi4_app.url, "--system", "Be brief."),
        *("--image", RED, "--image", f"@{RED}", "--audio", TONE),
        stdin="What is this?\n",
    )
    assert done.code == 0
    assert "You said: System: Be brief.\nUser: What is this?\nAssistant: image 1 is" in done.out
    assert "image 2 is red.png" in done.out
    assert "audio 3 is tone.wav" in done.out


def test_any_chat_app_answers_at_its_address(cli: Cli, app_server: ServerPool) -> None:
    url = app_server("chat_app.py", GRADIO_6).url
    done = cli("chat", f"{url}/textbook", stdin="one\ntwo\n")
    assert done.code == 0
    assert done.out == "one after 0 turns:\ntwo after 2 turns: one / one after 0 turns:\n"
    mapped = cli("chat", f"{url}/translator", "one", "--endpoint", "translate", "--answer", "0")
    assert mapped.out == "one in German\n"
    refused = cli("chat", f"{url}/several", "one")
    assert (refused.code, "several chats: /respond, /respond_1" in refused.err) == (2, True)


def test_a_model_of_the_hub_answers_through_hf_inference(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a stand-in. A token that was found is not for another address."""
    monkeypatch.setenv("HF_TOKEN", "hf_found")
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(standing_in()) as service,
    ):
        service.on(CHAT, saying("One, ", "two."))
        done = cli("chat", "my/model", "Count", "--image", RED, "--url", service.url)
        (request,) = service.to(CHAT)
    assert (done.code, done.out, done.err) == (0, "One, two.\n", "")
    assert "authorization" not in request.headers


def test_an_id_without_a_model_opens_the_space(
    cli: Cli, app_server: ServerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials are for the Space that the user named."""
    app = f"{app_server('chat_app.py', GRADIO_6).url}/interface"
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(standing_in()) as hub,
    ):
        hub.on("/api/spaces/owner/name", answering(200, {"id": "owner/name"}))
        hub.on("/api/spaces/owner/name/host", answering(200, {"subdomain": "x", "host": app}))
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        call = ("chat", "owner/name", "hi", "--header", "X-Mine: 1", "--for", "owner/name")
        done = cli(*call)
        unknown = cli("chat", "owner/other", "hi")
        for_another = cli(*call[:-1], "owner/another")
    assert (done.code, done.out, done.err) == (0, "hi after 0 turns:\n", "")
    assert unknown.code == 2
    assert "neither a model nor a Space owner/other" in unknown.err
    assert (for_another.code, "it contacts owner/name" in for_another.err) == (2, True)


def test_additional_inputs_of_an_app_are_set(cli: Cli, app_server: ServerPool) -> None:
    chat = ("chat", f"{app_server('chat_app.py', GRADIO_6).url}/tuned", "hi")
    Path("system.txt").write_text("Be rude\n", encoding="utf-8")
    assert cli(*chat).out == "Be nice: hi (50)\n"
    done = cli(*chat, "--set", "system=@system.txt", "--set", "length=70")
    assert (done.out, done.err) == ("Be rude: hi (70)\n", "")
    for words, message in (
        (("--set", "lenght=70"), "'lenght' is not an additional input of the app; did you mean"),
        (("--set", "length"), "--set must be NAME=VALUE, got 'length'"),
        (("--set", "length=long"), "'long'"),
    ):
        refused = cli(*chat, *words)
        assert (refused.code, refused.out) == (2, "")
        assert message in refused.err
    refused = cli(*chat, "--max-tokens", "5")
    assert (refused.code, refused.out, len(refused.err.splitlines())) == (2, "", 1)
    assert "--max-tokens is for services" in refused.err


def test_a_model_of_a_space_takes_no_options_of_services(cli: Cli, phi4_app: AppServer) -> None:
    for option in (("--set", "a=1"), ("--max-tokens", "9")):
        refused = cli("chat", "phi-4", "hi", "--url", phi4_app.url, *option)
        assert (refused.code, refused.out, len(refused.err.splitlines())) == (2, "", 1)
        assert option[0] in refused.err


def test_an_unknown_name_is_refused_without_an_address(cli: Cli) -> None:
    refused = cli("chat", "phi4", "x")
    assert (refused.code, refused.out) == (2, "")
    assert "unknown chat model 'phi4'; did you mean phi-4" in refused.err


@pytest.fixture
def service() -> Iterator[StandIn]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(standing_in()) as stand_in,
    ):
        yield stand_in


def sent_bodies(service: StandIn) -> list[Any]:
    with start_blocking_portal() as portal:
        return portal.call(service.sent, CHAT)


@pytest.mark.parametrize("name", ["llama3.2", "gpt-4o", "qwen3:8b", "flux", "a/b/c", "llama-3"])
def test_a_service_gets_any_name_as_it_is(cli: Cli, service: StandIn, name: str) -> None:
    service.on(CHAT, saying("Hi"))
    done = cli("chat", name, "Hello", "--url", service.url)
    assert (done.code, done.out, done.err) == (0, "Hi\n", "")
    assert [body["model"] for body in sent_bodies(service)] == [name]


def test_an_address_of_openai_s_interface_is_a_service_s_for_a_name_of_an_app_too(
    cli: Cli, service: StandIn
) -> None:
    service.on(CHAT, saying("Hi"))
    for path in ("/v1", "/v1/", "/v1/chat/completions"):
        assert cli("chat", "phi-4", "Hello", "--url", f"{service.url}{path}").out == "Hi\n"
    assert [body["model"] for body in sent_bodies(service)] == ["phi-4"] * 3


def test_fields_of_the_request_to_a_service_are_set(cli: Cli, service: StandIn) -> None:
    service.on(CHAT, saying("Hi"))
    chat = ("chat", "my/model", "Hello", "--url", service.url)
    options = ("--max-tokens", "7", "--set", "temperature=0.5", "--set", "user=me")
    done = cli(*chat, *options, "--set", "stop=a", "--set", "stop=b", "--set", 'x={"y":[1]}')
    assert (done.code, done.out, done.err) == (0, "Hi\n", "")
    assert cli(*chat).code == 0
    first, second = sent_bodies(service)
    fields = {"temperature": 0.5, "user": "me", "stop": ["a", "b"], "x": {"y": [1]}}
    assert {name: first[name] for name in (*fields, "max_tokens")} == {**fields, "max_tokens": 7}
    assert "max_tokens" not in second
    assert cli(*chat, "--max-tokens", "0").code == 2


@pytest.mark.parametrize("options", [(), ("--stream",), ("--quiet",)])
def test_an_answer_that_is_cut_off_is_printed_with_a_warning(
    cli: Cli, service: StandIn, options: tuple[str, ...]
) -> None:
    service.on(
        CHAT,
        streaming(chunk("Hel"), chunk("lo", "length"), done=True),
        streaming(chunk("Hel"), chunk("lo", "content_filter"), done=True),
    )
    chat = ("chat", "my/model", "Hello", "--url", service.url, *options)
    for message in ("limit of tokens: raise --max-tokens", "a filter of the service"):
        done = cli(*chat)
        assert (done.code, done.out, len(done.err.splitlines())) == (0, "Hello\n", 1)
        assert done.err.startswith("warning: ")
        assert message in done.err


def test_a_model_that_fails_during_its_answer_fails_the_command(cli: Cli, service: StandIn) -> None:
    service.on(CHAT, streaming(chunk("Hel"), chunk("lo", "error"), done=True))
    chat = ("chat", "my/model", "Hello", "--url", service.url)
    done, streamed = cli(*chat), cli(*chat, "--stream", "--save", "chat.json")
    assert (done.code, done.out, streamed.code, streamed.out) == (3, "", 3, "Hello\n")
    assert "the model failed during its answer, after 5 characters" in done.err
    assert not Path("chat.json").exists()


def test_a_service_that_wants_a_key_says_how_to_give_one(
    cli: Cli, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_found")

    async def answer(exchange: Exchange) -> None:
        is_known = exchange.headers.get("authorization") == "Bearer key"
        await (saying("Hi") if is_known else answering(401, {"error": "who?"}))(exchange)

    service.on(CHAT, answer)
    chat = ("chat", "my/model", "Hello", "--url", service.url)
    refused = cli(*chat)
    assert (refused.code, refused.out) == (4, "")
    assert "add --header 'Authorization: Bearer …'; HF_TOKEN is not sent there" in refused.err
    assert "api_key" not in refused.err
    assert cli(*chat, "--header", "Authorization: Bearer key").out == "Hi\n"
    assert cli(*chat, "--token", "key").code == 4  # a token is Hugging Face's


@pytest.mark.parametrize("stream", ["--stream", "--no-stream"])
def test_reasoning_goes_to_stderr_when_asked_for(cli: Cli, stream: str) -> None:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(standing_in()) as service,
    ):
        service.on(CHAT, saying("<think>Hm\x1b[2J, ", "well.</think>", "Hi ", "you"))
        chat = ("chat", "my/model", "Hello", "--url", service.url, stream)
        silent, spoken = cli(*chat), cli(*chat, "--reasoning")
    assert (silent.out, silent.err) == ("Hi you\n", "")
    assert (spoken.out, spoken.err) == ("Hi you\n", "Hm\\x1b[2J, well.\n")


def test_on_a_terminal_reasoning_is_dimmed_before_the_answer(tmp_path: Path) -> None:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(standing_in()) as service,
    ):
        service.on(CHAT, saying("<think>Hm, ", "well.</think>", "Hi ", "you"))
        chat = ("chat", "my/model", "Hello", "--url", service.url)
        with terminal(*chat, folder=tmp_path) as screen:
            assert screen.finish() == 0
        assert "\x1b[2mHm, \x1b[0m\x1b[2mwell.\x1b[0m\r\nHi you\r\n" in screen.raw
        with terminal(*chat, "--no-reasoning", folder=tmp_path) as screen:
            assert screen.finish() == 0
        assert "Hm" not in screen.text


def test_messages_of_the_app_go_to_stderr(cli: Cli, phi4_app: AppServer) -> None:
    call = ("chat", "phi-4", "/zerogpu", "--url", phi4_app.url)
    assert cli(*call).err.splitlines() == [
        "info: ZeroGPU queue: Waiting for a GPU to become available",
        "success: ZeroGPU queue: Successfully acquired a GPU",
    ]
    assert cli(*call, "--quiet").err == ""


def test_a_kept_conversation_goes_on_in_another_run(cli: Cli, phi4_app: AppServer) -> None:
    call = ("chat", "phi-4", "--url", phi4_app.url, "--save", "chat.json")
    first = cli(*call, "One", "--image", RED)
    assert stat.S_IMODE(Path("chat.json").stat().st_mode) == 0o600
    second = cli(*call, "--resume", "chat.json", "Two")
    assert second.out == "Phi-4 replica turn 2. You said: Two\n"
    conversation = Conversation.from_json(Path("chat.json").read_bytes())
    contents = [message.content for message in conversation.messages]
    assert contents == ["One", first.out.rstrip("\n"), "Two", second.out.rstrip("\n")]


def test_stdin_that_is_not_text_is_a_usage_error(cli: Cli, phi4_app: AppServer) -> None:
    done = cli("chat", "phi-4", "--url", phi4_app.url, stdin=b"\xff\xfe\n")
    assert (done.code, "Traceback" in done.err) == (2, False)
    assert "stdin is not text in utf-8: invalid start byte at byte 0" in done.err


def test_lines_of_stdin_are_a_conversation(cli: Cli, phi4_app: AppServer) -> None:
    lines = [
        "One",
        f"/image {RED}",
        f"/audio {TONE}",
        "",
        "/history",
        "//zerogpu",
        "/save kept.json",
        "/new",
        "Again",
        "/quit",
        "Never",
    ]
    chat = ("chat", "phi-4", "--url", phi4_app.url, "--quiet")
    done = cli(*chat, stdin="\n".join(lines))
    assert (done.code, done.err) == (0, "")
    output = done.out.splitlines()
    assert output[0] == "Phi-4 replica turn 1. You said: One"
    assert output[1].startswith("Phi-4 replica turn 2. You sent no text. image 1 is red.png")
    assert output[2:4] == ["user: One", f"assistant: {output[0]}"]
    assert output[6] == "Phi-4 replica turn 3. You said: /zerogpu"
    assert output[7:] == ["Phi-4 replica turn 1. You said: Again"]
    assert len(json.loads(Path("kept.json").read_text())["messages"]) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["phi-4", "x", "--image", str(TONE)], 2, "'tone.wav' is not an image: it is audio/x-wav"),
        (["phi-4", "x", "--audio", "none.wav"], 2, "cannot read 'none.wav'"),
        (["phi-4", " "], 2, "the message is empty"),
        (["phi-4", "x", "--resume", "none.json"], 2, "cannot read 'none.json': No such file"),
        (["phi-4", "x", "--resume", "broken.json"], 2, "broken.json: this is not a conversation"),
        (["phi-4", "x", "--resume", "a", "--system", "b"], 2, "remove it, or --resume"),
        (["phi-4", "/quota"], 1, "quota (60s requested vs. 0s left).\n"),
        (["phi-4", "/crash"], 1, "hides its message"),
        (["phi-4", "/slow\na b", "--timeout", "1"], 5, "did not end within 1 s"),
    ],
)
def test_an_error_is_one_line_with_its_exit_code(
    cli: Cli, phi4_app: AppServer, arguments: list[str], code: int, message: str
) -> None:
    Path("broken.json").write_text("[]", encoding="utf-8")
    done = cli("chat", "--url", phi4_app.url, *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("name", ["spaces/owner/name", "http://app.example"])
def test_the_name_of_an_app_at_the_address_of_a_service_is_an_error(cli: Cli, name: str) -> None:
    done = cli("chat", name, "hi", "--url", "http://127.0.0.1:9/v1")
    assert (done.code, done.out) == (2, "")
    assert f"{name!r} is the name or address of an app, which takes no base_url" in done.err
    assert len(done.err.splitlines()) == 1


def test_a_file_that_is_not_a_conversation_is_not_overwritten(
    cli: Cli, phi4_app: AppServer
) -> None:
    chat = ("chat", "phi-4", "--url", phi4_app.url, "Hi", "--resume", "a.json", "--save", "a.json")
    for content in ("{}", '{"name": "my-app", "version": "1.0"}', '{"messages": [], "version": 9}'):
        Path("a.json").write_text(content, encoding="utf-8")
        done = cli(*chat)
        assert (done.code, done.out) == (2, "")
        assert "--save: 'a.json' exists and is no saved conversation" in done.err
        assert Path("a.json").read_text(encoding="utf-8") == content


def test_without_a_terminal_an_error_ends_the_conversation(cli: Cli, phi4_app: AppServer) -> None:
    for line in ("//quota", "/nothing", "/image", "/image none.png", "/save"):
        done = cli("chat", "phi-4", "--url", phi4_app.url, stdin=f"{line}\nHello\n")
        assert done.code in {1, 2}
        assert done.out == ""
        assert len(done.err.splitlines()) == 1


def test_a_signal_ends_the_command(phi4_app: AppServer) -> None:
    for number, code, message in (
        (signal.SIGINT, 130, b"interrupted"),
        (signal.SIGTERM, 143, b"terminated"),
    ):
        with start_command(
            *(
                "chat",
                "phi-4",
                "/slow\na b c d e f g h i j k l m",
                "--url",
                phi4_app.url,
                "--stream",
            )
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.read(5) == b"Phi-4"
            process.send_signal(number)
            assert process.wait(15) == code
            assert process.stderr.read() == b"spacecall: " + message + b"\n"


def type_line(screen: Terminal, text: str) -> None:
    os.write(screen.descriptor, f"{text}\n".encode())


def test_on_a_terminal_ctrl_c_stops_the_answer_and_the_conversation_goes_on(
    phi4_app: AppServer, tmp_path: Path
) -> None:
    chat = ("chat", "phi-4", "--url", phi4_app.url, "--save", "chat.json")
    with terminal(*chat, folder=tmp_path) as screen:
        screen.wait_for("Microsoft Phi-4: /help shows the commands, Ctrl-D quits.\n> ")
        type_line(screen, "One")
        screen.wait_for("turn 1. You said: One\n> ")
        type_line(screen, "//slow")
        screen.wait_for("replica turn 2.")
        screen.press_ctrl_c()
        wait_until(lambda: screen.read() and screen.text.endswith("> "))
        assert "You said: /slow" not in screen.text
        screen.press_ctrl_c()
        screen.wait_for("> \n> ")
        type_line(screen, "/nothing")
        screen.wait_for("unknown command /nothing")
        type_line(screen, "Two")  # in a session without the answer that was stopped
        screen.wait_for("User: Two\nAssistant:\n> ")
        type_line(screen, "//quota")
        screen.wait_for("0s left).\n> ")
        type_line(screen, "/quit")
        assert screen.finish() == 0
    conversation = Conversation.from_json((tmp_path / "chat.json").read_bytes())
    assert [message.content for message in conversation.messages if message.role == "user"] == [
        "One",
        "Two",
    ]


def test_a_prompt_can_begin_a_conversation_on_a_terminal(
    phi4_app: AppServer, tmp_path: Path
) -> None:
    chat = ("chat", "phi-4", "One", "--repl", "--url", phi4_app.url)
    with terminal(*chat, folder=tmp_path) as screen:
        screen.wait_for("turn 1. You said: One\n")
        screen.wait_for("> ")
        type_line(screen, "/help")
        screen.wait_for("Ctrl-C stops an answer.\n> ")
        os.write(screen.descriptor, b"\x04")
        assert screen.finish() == 0
