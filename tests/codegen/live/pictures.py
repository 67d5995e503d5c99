"""Images, galleries, editors."""

from __future__ import annotations

from typing import Any

from spacecall import File
from tests.codegen.live.cases import (
    JPEG,
    PICTURE,
    PNG,
    WEBP,
    Many,
    begins,
    case,
    content,
    has,
)


def _gallery(m: Any) -> dict[str, Any]:
    return {
        "pictures": [
            m.GalleryImage(image=File(PICTURE), caption="one"),
            m.GalleryImage(image=File(PICTURE)),
        ]
    }


def _drawing(m: Any) -> dict[str, Any]:
    picture = File(PICTURE)
    return {"drawing": m.EditorData(background=picture, layers=[picture], composite=picture)}


RED = content(PICTURE)
CASES = [
    case("images.same", {"value": PICTURE}, RED, "File | None"),
    case("images.same", {"value": str(PICTURE)}, RED, "File | None"),
    case("images.same", {"value": RED}, RED, "File | None"),
    case("images.same", {"value": None}, None, "File | None"),
    case("images.negative", {"picture": PICTURE}, begins(PNG), "File | None"),
    case("images.grey", {"picture": PICTURE}, begins(JPEG), "File | None"),
    case(
        "images.webp",
        {"picture": PICTURE},
        Many(width=8, webp=begins(WEBP)),
        "WebpOutput",
    ),
    case("images.empty", {}, None, "File | None"),
    case(
        "annotated.find",
        {"picture": PICTURE, "name": "spot"},
        has(
            image=begins(PNG),
            annotations=[
                has(image=begins(PNG), label="spot"),
                has(image=begins(PNG), label="mask"),
            ],
        ),
        "AnnotatedImageData | None",
    ),
    case(
        "galleries.same",
        _gallery,
        [{"image": RED, "caption": None}, {"image": RED, "caption": None}],
        "list[GalleryImage | GalleryVideo]",
    ),
    case(
        "galleries.loud",
        _gallery,
        [{"image": RED, "caption": "one!"}, {"image": RED, "caption": "None!"}],
        "list[GalleryImage | GalleryVideo]",
    ),
    case("galleries.count", _gallery, 2, "int | None"),
    case("galleries.count", {}, 0, "int | None"),
    case(
        "galleries.same",
        lambda m: {"pictures": [m.GalleryVideo(video=File(b"not really", name="film.mp4"))]},
        [{"video": b"not really", "caption": None}],
        "list[GalleryImage | GalleryVideo]",
    ),
    case("editors.flatten", _drawing, Many(whole=begins(PNG), layers=1), "FlattenOutput"),
    case(
        "editors.again",
        _drawing,
        has(background=begins(PNG), layers=[begins(PNG)], composite=begins(PNG)),
        "EditorData | None",
    ),
    case("editors.sketch", _drawing, begins(PNG), "File | None"),
    case(
        "image-slider.turn",
        {"pair": (PICTURE, File(RED, name="second.png"))},
        (begins(PNG), begins(PNG)),
        "tuple[File | None, File | None] | None",
    ),
]
