"""Write messages as one prompt for a text-generation model.

Models are trained on different formats. The model's metadata (model type, owner, end mark) decide
which format is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from spacecall._core.json_values import as_dict, as_str
from spacecall._wire.inference.models import ModelInfo
from spacecall.chat import Message
from spacecall.facades import format_history

__all__ = ["build_prompt", "is_chat_model"]


class _Transcript(NamedTuple):
    """Messages in a model's format.

    Attributes:
        text: the messages, with the end mark after the last.
        end: the end mark.
        opener: the beginning of a new answer.
    """

    text: str
    end: str
    opener: str


Format: TypeAlias = Callable[[Sequence[Message]], _Transcript]
_PLAIN: Final = ("gpt2", "gpt_neo", "gemma", "gemma2")
_OPENER: Final = "Assistant:"


def build_prompt(messages: Sequence[Message], model: ModelInfo, *, continues: bool = False) -> str:
    """Write messages as a prompt for a model.

    Args:
        continues: leave out the opener of a new answer and the end mark of the last message, so
            that the model continues that message.
    """
    transcript = _format_of(model)(messages)
    if continues:
        return transcript.text.removesuffix(transcript.end)
    return transcript.text + transcript.opener


def is_chat_model(model: ModelInfo) -> bool:
    """Return whether the model has a template for chats."""
    config = model.config
    tokenizer = config.tokenizer_config if config else None
    return bool((config and config.chat_template_jinja) or (tokenizer and tokenizer.chat_template))


def _format_of(model: ModelInfo) -> Format:
    model_type, end = _model_type(model), _end_mark(model)
    if model_type in _PLAIN:
        return _plain
    if model_type == "mistral" and _owner(model) == "mistralai":
        return _mistral
    if end in ("<|endoftext|>", "<eos>", "</s>"):
        return partial(_marked, "<|{role}|>\n{content}", f"{end}\n", "<|assistant|>\n")
    return _BY_END_MARK.get(end, _plain)


def _model_type(model: ModelInfo) -> str:
    return (model.config.model_type if model.config else None) or ""


def _owner(model: ModelInfo) -> str:
    return model.author or model.id.partition("/")[0]


def _end_mark(model: ModelInfo) -> str:
    """Return the end mark: a string, or the `content` of an object."""
    tokenizer = model.config.tokenizer_config if model.config else None
    mark = tokenizer.eos_token if tokenizer else None
    return as_str(mark) or as_str(as_dict(mark).get("content"))


def _plain(messages: Sequence[Message]) -> _Transcript:
    # A single question is sent without a role.
    if len(messages) == 1 and messages[0].role == "user":
        return _Transcript(messages[0].text, "", "")
    history = format_history(messages).removesuffix(_OPENER)
    return _Transcript(history, "\n", _OPENER)


def _mistral(messages: Sequence[Message]) -> _Transcript:
    """Write `<s>[INST] question [/INST] answer</s>`; system messages join the next question."""
    questions = [message.text for message in messages if message.role == "system"]
    transcript = "<s>"
    for message in messages:
        if message.role == "assistant":
            transcript += f"{_instruction(questions)}{message.text}</s>"
            questions = []
        elif message.role != "system":
            questions = [*questions, message.text]
    return _Transcript(transcript + _instruction(questions).rstrip(), "</s>", "")


def _instruction(texts: Sequence[str]) -> str:
    question = "\n\n".join(texts)
    return f"[INST] {question} [/INST] " if texts else ""


def _marked(template: str, end: str, opener: str, messages: Sequence[Message]) -> _Transcript:
    """Write each message between a mark that names its role and an end mark."""
    turns = (template.format(role=message.role, content=message.text) + end for message in messages)
    return _Transcript("".join(turns), end, opener)


def _deepseek(messages: Sequence[Message]) -> _Transcript:
    """Write marks with full-width bars; only answers have an end mark, the system has no mark."""
    transcript, end = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
    for message in messages:
        if message.role == "assistant":
            transcript += f"<｜Assistant｜>{message.text}{end}"
        else:
            transcript += ("" if message.role == "system" else "<｜User｜>") + message.text
    return _Transcript(transcript, end, "<｜Assistant｜>")


def _llama(messages: Sequence[Message]) -> _Transcript:
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
