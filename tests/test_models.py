"""The registry of models: a name means the same for chat and images."""

from __future__ import annotations

import subprocess
import sys

import pytest

from spacecall import NotFoundError
from spacecall.chat import connect as connect_chat
from spacecall.images import connect as connect_image
from spacecall.inference import ALIASES
from spacecall.models import ModelEntry, ModelKind, find_model, list_models

PHI4 = "spacecall.spaces.phi4_multimodal:Phi4Multimodal"
QVQ = "spacecall.spaces.qvq_72b:Qvq72B"
CHAT_SPACE = "spacecall.chat_space:ChatSpace"
FLUX = "spacecall.spaces.flux_1_dev:Flux1Dev"
INFERENCE = "spacecall.inference:HuggingFaceInference"


@pytest.mark.parametrize(
    ("name", "kind", "import_path", "options"),
    [
        ("phi-4", "chat", PHI4, {"source": "microsoft/phi-4-multimodal"}),
        (" Phi-4-Multimodal ", "chat", PHI4, {"source": "microsoft/phi-4-multimodal"}),
        ("qvq-72b", "chat", QVQ, {"source": "Qwen/QVQ-72B-preview"}),
        ("spaces/Qwen/QVQ-72B-Preview", "chat", QVQ, {"source": "Qwen/QVQ-72B-preview"}),
        (
            "https://huggingface.co/spaces/Qwen/QVQ-72B-Preview",
            "chat",
            QVQ,
            {"source": "Qwen/QVQ-72B-preview"},
        ),
        ("spaces/owner/name", "chat", CHAT_SPACE, {"source": "owner/name"}),
        ("https://hf.co/spaces/owner/name", "chat", CHAT_SPACE, {"source": "owner/name"}),
        ("http://127.0.0.1:7860/app", "chat", CHAT_SPACE, {"source": "http://127.0.0.1:7860/app"}),
        ("llama-3.3-70b:Together", "chat", INFERENCE, {"model": "llama-3.3-70b:together"}),
        ("qvq-72b:novita", "chat", INFERENCE, {"model": "qvq-72b:novita"}),
        ("flux:fal-ai", "image", INFERENCE, {"image_model": "flux:fal-ai"}),
        ("owner/model", "chat", INFERENCE, {"model": "owner/model"}),
        ("Qwen/QVQ-72B-Preview", "chat", INFERENCE, {"model": "Qwen/QVQ-72B-Preview"}),
        ("owner/model:fastest", "chat", INFERENCE, {"model": "owner/model:fastest"}),
        ("Llama-3.3-70B", "chat", INFERENCE, {"model": "llama-3.3-70b"}),
        ("flux-dev", "image", FLUX, {"source": "black-forest-labs/FLUX.1-dev"}),
        (
            "spaces/black-forest-labs/flux.1-dev",
            "image",
            FLUX,
            {"source": "black-forest-labs/FLUX.1-dev"},
        ),
        (
            "black-forest-labs/FLUX.1-dev",
            "image",
            INFERENCE,
            {"image_model": "black-forest-labs/FLUX.1-dev"},
        ),
    ],
)
def test_a_name_leads_to_a_class_and_its_options(
    name: str, kind: ModelKind, import_path: str, options: dict[str, str]
) -> None:
    entry = find_model(name, kind)
    assert entry.import_path == import_path
    assert entry.options == options
    assert entry.kind == kind


@pytest.mark.parametrize("name", [*ALIASES, *(name for e in list_models() for name in e.names)])
def test_a_short_name_is_a_model_of_one_kind(name: str) -> None:
    is_image = name in [alias for entry in list_models("image") for alias in entry.names]
    kind: ModelKind = "image" if is_image else "chat"
    refused_kind: ModelKind = "chat" if is_image else "image"
    assert find_model(name, kind).kind == kind
    with pytest.raises(NotFoundError, match=r"open it with spacecall\."):
        find_model(name, refused_kind)


def test_an_id_means_the_model_on_the_hub_in_both_modules() -> None:
    for kind in ("chat", "image"):
        assert find_model("black-forest-labs/FLUX.1-dev", kind).import_path == INFERENCE


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("phi4", "chat", "unknown chat model 'phi4'; did you mean phi-4"),
        ("qvq-72", "chat", "did you mean qvq-72b"),
        ("lama-3", "chat", "llama-3"),
        ("", "chat", "the name of the model is empty: write a model's id on the Hub"),
        (" ", "image", "the name of the model is empty: use flux-dev"),
        (
            "flux-schnel",
            "chat",
            r"did you mean flux-schnell\? Open it with spacecall.images",
        ),
        ("qvq72b", "image", r"did you mean qvq-72b\? Open it with spacecall.chat.connect"),
        ("phi-4:together", "chat", "unknown chat model 'phi-4:together'"),
        ("llama-3.3-70b:", "chat", "unknown chat model"),
        ("llama-3.3-70b:together", "image", "is a chat model: open it with spacecall.chat"),
        ("http://127.0.0.1:1", "image", "an address needs the name of its model: connect"),
        ("https://user:secret@host/?key=x", "image", "unknown image model 'https://host/'"),
        ("a/b/c", "chat", "owner/model"),
        ("flux-schnel", "image", "did you mean flux-schnell"),
        ("nothing like it", "image", r"sd-3\.5, or write a model's id on the Hub, owner/model"),
        ("spaces/owner/name", "image", "unknown image model 'spaces/owner/name'"),
        ("spaces/owner/name", "image", "use spaces/black-forest-labs/FLUX.1-dev"),
        ("spaces/phi-4", "chat", "unknown chat model 'spaces/phi-4'"),
        ("Spaces/phi-4", "chat", "unknown chat model"),
        ("../x", "chat", "unknown chat model"),
        ("owner/..", "chat", "unknown chat model"),
        ("own er/mo\ndel", "chat", "unknown chat model"),
        ("owner/model?x=1", "chat", "unknown chat model"),
        ("flux-dev", "chat", "'flux-dev' is an image model: open it with spacecall.images.connect"),
        ("phi-4", "image", "'phi-4' is a chat model: open it with spacecall.chat.connect"),
        ("llama-3", "image", "'llama-3' is a chat model"),
    ],
)
def test_an_unknown_name_raises_with_a_remedy(name: str, kind: ModelKind, words: str) -> None:
    with pytest.raises(NotFoundError, match=words):
        (connect_chat if kind == "chat" else connect_image)(name)


@pytest.mark.parametrize("entry", list_models(), ids=lambda entry: entry.name)
def test_an_entry_names_the_space_of_its_class(entry: ModelEntry) -> None:
    facade = entry.load()
    assert entry.space == facade.SOURCE
    assert hasattr(facade, "chat" if entry.kind == "chat" else "generate")


def test_looking_a_model_up_loads_no_implementation() -> None:
    program = (
        "import sys, spacecall.chat, spacecall.images; from spacecall.models import find_model; "
        "find_model('phi-4', 'chat'); find_model('o/m', 'image'); "
        "print([m for m in sys.modules if '.spaces.' in m or '.inference' in m])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
