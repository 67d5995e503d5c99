"""Messages as the one text that a text-generation model goes on with.

Models were trained on formats of their own. Which one it is is told by the model's metadata: its
kind, its owner, and its end mark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from spacecall._core.loose import mapping, text
from spacecall._wire.inference.models import ModelInfo
from spacecall.chat import Message, format_history

__all__ = ["allowed_tokens", "prompt_for", "shorten"]


class _Written(NamedTuple):
    """What was said, in a model's format.

    Attributes:
        text: with the end mark behind the last message.
        end: that mark.
        opener: what begins an answer.
    """

    text: str
    end: str
    opener: str


Format: TypeAlias = Callable[[Sequence[Message]], _Written]
LONGEST: Final = 4096
"""Characters of a prompt beyond which its history is cut."""
_PLAIN: Final = ("gpt2", "gpt_neo", "gemma", "gemma2")
_OPENER: Final = "Assistant:"


def prompt_for(messages: Sequence[Message], model: ModelInfo, *, go_on: bool = False) -> str:
    """The prompt of `messages` for a model; of a long one without the middle, see `shorten`.

    Args:
        go_on: leave out the opener of a new answer and the end mark of the last message, so that
            the model goes on with that one.
    """
    prompt = _prompt(messages, model, go_on=go_on)
    if len(prompt) > LONGEST:
        prompt = _prompt(shorten(messages, go_on=go_on), model, go_on=go_on)
    return prompt


def _prompt(messages: Sequence[Message], model: ModelInfo, *, go_on: bool) -> str:
    written = _format_of(model)(messages)
    return written.text.removesuffix(written.end) if go_on else written.text + written.opener


def shorten(messages: Sequence[Message], *, go_on: bool = False) -> list[Message]:
    """What matters most of a history whose prompt has more than 4096 characters.

    That is the first three and the last three of more than six messages; of fewer, the system
    messages and the user's last one, and the answer that the model is to go on with.
    """
    if len(messages) > 6:
        return [*messages[:3], *messages[-3:]]
    system = [message for message in messages if message.role == "system"]
    asked = [message for message in messages if message.role == "user"][-1:]
    last = list(messages[-1:])
    return [*system, *asked, *(last if go_on else ())] or last


def allowed_tokens(wanted: int | None, model: ModelInfo) -> int | None:
    """How many tokens to ask for: GPT-2 has room for 1024 in all, the prompt's included."""
    if wanted is not None and wanted >= 1024 and _kind(model) == "gpt2":
        return 512
    return wanted


def _format_of(model: ModelInfo) -> Format:
    kind, end = _kind(model), _end_mark(model)
    if kind in _PLAIN:
        return _plain
    if kind == "mistral" and _owner(model) == "mistralai":
        return _mistral
    if end in ("<|endoftext|>", "<eos>", "</s>"):
        return partial(_marked, "<|{role}|>\n{content}", f"{end}\n", "<|assistant|>\n")
    return _BY_END_MARK.get(end, _plain)


def _kind(model: ModelInfo) -> str:
    return (model.config.model_type if model.config else None) or ""


def _owner(model: ModelInfo) -> str:
    return model.author or model.id.partition("/")[0]


def _end_mark(model: ModelInfo) -> str:
    """The end mark, which is a text, or an object that has it as `content`."""
    tokenizer = model.config.tokenizer_config if model.config else None
    mark = tokenizer.eos_token if tokenizer else None
    return text(mark) or text(mapping(mark).get("content"))


def _plain(messages: Sequence[Message]) -> _Written:
    history = format_history(messages).removesuffix(_OPENER)
    # A question alone needs nobody's name before it.
    alone = len(messages) == 1 and messages[0].role == "user"
    return _Written(messages[0].content, "", "") if alone else _Written(history, "\n", _OPENER)


def _mistral(messages: Sequence[Message]) -> _Written:
    """`<s>[INST] question [/INST] answer</s>`; there is no system role: it goes to a question."""
    asked = [message.content for message in messages if message.role == "system"]
    written = "<s>"
    for message in messages:
        if message.role == "assistant":
            written += f"{_instruction(asked)}{message.content}</s>"
            asked = []
        elif message.role != "system":
            asked = [*asked, message.content]
    return _Written(written + _instruction(asked).rstrip(), "</s>", "")


def _instruction(texts: Sequence[str]) -> str:
    question = "\n\n".join(texts)
    return f"[INST] {question} [/INST] " if texts else ""


def _marked(before: str, end: str, opener: str, messages: Sequence[Message]) -> _Written:
    """Each message between two marks; the first one names its role."""
    turns = (before.format(role=one.role, content=one.content) + end for one in messages)
    return _Written("".join(turns), end, opener)


def _deepseek(messages: Sequence[Message]) -> _Written:
    """Marks with full-width bars; only an answer has an end mark, and the system has none."""
    written, end = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
    for message in messages:
        if message.role == "assistant":
            written += f"<｜Assistant｜>{message.content}{end}"
        else:
            written += ("" if message.role == "system" else "<｜User｜>") + message.content
    return _Written(written, end, "<｜Assistant｜>")


def _llama(messages: Sequence[Message]) -> _Written:
    header = "<|start_header_id|>{role}<|end_header_id|>\n\n"
    turns = _marked(header + "{content}", "<|eot_id|>", header.format(role="assistant"), messages)
    return turns._replace(text=f"<|begin_of_text|>{turns.text}")


_BY_END_MARK: Final[dict[str, Format]] = {
    "<|im_end|>": partial(
        _marked, "<|im_start|>{role}\n{content}", "<|im_end|>\n", "<|im_start|>assistant\n"
    ),
    "<｜end▁of▁sentence｜>": _deepseek,
    "<|eot_id|>": _llama,
}
