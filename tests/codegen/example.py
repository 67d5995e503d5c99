"""The app behind the golden file, which `python -m tests.codegen.example` writes."""

from __future__ import annotations

from pathlib import Path

from spacecall.codegen._schemas.app_documents import AppDocuments
from tests.codegen.apps import FILE, Function, Slot, app, generated

GOLDEN = Path(__file__).parent / "golden" / "workshop.py"

_CHOICES = {"enum": ["quick", "slow"], "type": "string"}
_FONTS = {"enum": [f"font {number}" for number in range(40)], "type": "string"}
_WORDS = {"enum": [f"word {number}" for number in range(2000)], "type": "string"}
_SLIDER = Slot(
    "Slider",
    {"type": "number"},
    "Steps",
    "steps",
    20,
    {"minimum": 1, "maximum": 50, "step": 1, "info": "more is finer"},
)
_MARK = {
    "title": "Mark",
    "type": "object",
    "properties": {
        "x": {"type": "integer"},
        "class": {"type": "string", "default": "plain"},
        "note": {"type": "string"},
        "inner": {"items": {"$ref": "#/$defs/Mark"}, "type": "array"},
    },
    "required": ["x"],
}
_ONE_MARK = {"$ref": "#/$defs/Mark", "$defs": {"Mark": _MARK}}
_MARKS = {"type": "array", "items": {"$ref": "#/$defs/Mark"}, "$defs": {"Mark": _MARK}}


def workshop() -> AppDocuments:
    """An app with one of everything that is written differently."""
    image = Slot("Image", FILE, "Picture", "image")
    return app(
        Function(
            "paint",
            inputs=[
                Slot(label="What to paint", name="prompt"),
                image,
                Slot("Radio", _CHOICES, "Way", "way", "quick"),
                _SLIDER,
                Slot("Custom", _MARKS, "Marks", "marks", [{"x": 1}]),
                Slot("Json", {"type": {}}, "", "param_5", {"seed": [1, 2]}),
            ],
            outputs=[Slot("Image", FILE, "Picture"), Slot("Number", {"type": "number"}, "Seconds")],
            description="Paint a picture.\n\nArgs:\n    prompt: this is not repeated",
            generator=True,
        ),
        Function(
            "many",
            inputs=[
                Slot("File", {"type": "array", "items": FILE}, "Files", "files"),
                Slot("Custom", _ONE_MARK, "Class", "class"),
                Slot("Dropdown", _FONTS, "Font", "font", None),
                Slot("Checkboxgroup", {"type": "array", "items": _FONTS}, "Fonts", "fonts", []),
                Slot("Dropdown", _WORDS, "Word", "word", "word 1"),
            ],
            outputs=[Slot("Radio", _CHOICES, "Way")],
            state=True,
        ),
        Function("nothing", inputs=[], outputs=[]),
        Function("hidden", visibility="undocumented"),
        title="The workshop",
        source="someone/workshop",
    )


def module() -> str:
    """What is generated for it."""
    return generated(workshop(), "workshop")


if __name__ == "__main__":
    GOLDEN.write_text(module(), encoding="utf-8")
