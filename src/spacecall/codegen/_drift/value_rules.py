"""Rules about parameters and outputs."""

from __future__ import annotations

from spacecall.codegen._drift.rule import Rule

__all__ = ["OUTPUT_RULES", "PARAMETER_RULES"]

_REFRESH = "Refresh, and adapt the calls."
_RELAX = "Nothing; refresh to be allowed more."

PARAMETER_RULES = (
    Rule(
        "parameter-added-required",
        "error",
        "An endpoint takes one more argument, without a default",
        "The pinned client sends too few values: every call of it fails.",
        "`def f(text)` became `def f(text, language)`, and the new component has no value.",
        _REFRESH,
    ),
    Rule(
        "parameter-added-optional",
        "error",
        "An endpoint takes one more argument, with a default",
        "Values go over the wire by place, and the server wants all of them, its default or not: "
        "the pinned client sends too few. Calls without a typed client fill it in.",
        "A slider `temperature` with the value 0.7 was added to the inputs.",
        "Refresh; calls need not change.",
    ),
    Rule(
        "parameter-removed",
        "error",
        "An endpoint takes one argument less",
        "The pinned client sends too many values: every call of it fails.",
        "`seed` is not among the inputs any more.",
        _REFRESH,
    ),
    Rule(
        "parameter-renamed",
        "warning",
        "A parameter has another name",
        "Calls of the pinned client go on working, since the wire has places only. Calls by name "
        "without a typed client fail, and the refreshed method has another keyword. It is "
        "recognised by its place and type.",
        "`def f(prompt)` became `def f(text)`; under `def f(*args)` a label became another.",
        "Refresh, and use the new keyword.",
    ),
    Rule(
        "parameters-reordered",
        "error",
        "The parameters are in another order",
        "Values go over the wire by place: the pinned client gives each parameter the value of "
        "another one, perhaps without an error.",
        "`inputs=[width, height]` became `inputs=[height, width]`, also under `def f(*args)`.",
        "Refresh; calls by keyword need not change.",
    ),
    Rule(
        "parameter-retyped",
        "error",
        "A parameter does not take all the values it took",
        "Arguments that the pinned client allows may be refused, or mean something else.",
        "A number became a text; an object lost a member.",
        _REFRESH,
    ),
    Rule(
        "parameter-widened",
        "info",
        "A parameter takes more than it did",
        "Nothing breaks.",
        "Whole numbers became any numbers; None is allowed now.",
        _RELAX,
    ),
    Rule(
        "parameter-became-required",
        "error",
        "A parameter has no default any more",
        "Calls that leave it out send what was the default once, which the app may not take.",
        'The text box lost its `value="Hello"`.',
        "Refresh, and give it in every call.",
    ),
    Rule(
        "parameter-became-optional",
        "info",
        "A parameter has a default now",
        "Nothing breaks.",
        'The text box got `value="Hello"`.',
        _RELAX,
    ),
    Rule(
        "default-changed",
        "warning",
        "A default is another one",
        "Calls that leave the argument out go on sending the pinned default, and do not get what "
        "the app's page gives.",
        "`value=0.7` became `value=1.0`.",
        "Refresh to follow the app; give the value in the call to stay.",
    ),
    Rule(
        "minimum-narrowed",
        "error",
        "The smallest value allowed is larger",
        "Values that the pinned client allows are refused.",
        "`minimum=0` became `minimum=10`.",
        _REFRESH,
    ),
    Rule(
        "minimum-widened",
        "info",
        "Smaller values are allowed",
        "Nothing breaks.",
        "`minimum=10` became `minimum=0`.",
        _RELAX,
    ),
    Rule(
        "maximum-narrowed",
        "error",
        "The largest value allowed is smaller",
        "Values that the pinned client allows are refused.",
        "`maximum=100` became `maximum=50`.",
        _REFRESH,
    ),
    Rule(
        "maximum-widened",
        "info",
        "Larger values are allowed",
        "Nothing breaks.",
        "`maximum=50` became `maximum=100`.",
        _RELAX,
    ),
    Rule(
        "step-narrowed",
        "error",
        "The steps of a number are other ones",
        "Values between the new steps were fine before: the app does not expect them any more.",
        "`step=1` became `step=8`.",
        _REFRESH,
    ),
    Rule(
        "step-widened",
        "info",
        "The steps of a number are finer",
        "Nothing breaks.",
        "`step=1` became `step=0.5`.",
        _RELAX,
    ),
    Rule(
        "choice-added",
        "info",
        "There is a new choice",
        "Nothing breaks. The pinned client does not allow it yet.",
        '`choices=["a", "b"]` became `choices=["a", "b", "c"]`.',
        _RELAX,
    ),
    Rule(
        "choice-removed",
        "warning",
        "A choice is gone",
        "Calls with it fail. Apps may fill in their choices while they run, so that it may come "
        "back.",
        '`choices=["a", "b", "c"]` became `choices=["a", "b"]`.',
        _REFRESH,
    ),
    Rule(
        "choices-closed",
        "error",
        "Only listed choices are allowed now",
        "Any value was allowed before; others than the choices are refused now.",
        "`allow_custom_value=True` was dropped.",
        _REFRESH,
    ),
    Rule(
        "choices-opened",
        "info",
        "Other values than the choices are allowed",
        "Nothing breaks.",
        "`allow_custom_value=True` was added.",
        _RELAX,
    ),
    Rule(
        "file-count-narrowed",
        "error",
        "One file is taken where several were",
        "Calls with a list of files fail, or all but one of them are lost.",
        '`file_count="multiple"` became `file_count="single"`.',
        _REFRESH,
    ),
    Rule(
        "file-count-widened",
        "error",
        "Several files are taken where one was",
        "The wire wants a list: the pinned client sends one file, which is refused.",
        '`file_count="single"` became `file_count="multiple"`.',
        "Refresh, and give a list.",
    ),
    Rule(
        "file-types-narrowed",
        "error",
        "Fewer types of files are taken",
        "Files of the other types are refused.",
        '`file_types=["image", ".pdf"]` became `file_types=["image"]`.',
        "Refresh, and convert the files before.",
    ),
    Rule(
        "file-types-widened",
        "info",
        "More types of files are taken",
        "Nothing breaks.",
        '`file_types=["image"]` became `file_types=["image", ".pdf"]`.',
        _RELAX,
    ),
    Rule(
        "component-changed",
        "warning",
        "A parameter or output is another component",
        "What it means may have changed, even where its values look the same. Where they do not, "
        "another rule says so too.",
        "`gr.Image` became `gr.ImageEditor`.",
        "Refresh, and look at the app's page.",
    ),
    Rule(
        "file-payload-changed",
        "error",
        "Files come or go in another shape",
        "The pinned client wraps files in another way than the app does: inputs are refused, "
        "outputs do not fit.",
        "A video is `{video, subtitles}` in Gradio 5 and a plain file in 6.",
        _REFRESH,
    ),
)
"""About parameters; those of components and files also about outputs."""

OUTPUT_RULES = (
    Rule(
        "output-added",
        "error",
        "An endpoint gives one value more",
        "One value becomes a tuple, a tuple gets longer: results of the pinned client do not fit.",
        "`outputs=[image]` became `outputs=[image, seed]`.",
        _REFRESH,
    ),
    Rule(
        "output-removed",
        "error",
        "An endpoint gives one value less",
        "Results of the pinned client do not fit.",
        "`outputs=[image, seed]` became `outputs=[image]`.",
        _REFRESH,
    ),
    Rule(
        "outputs-reordered",
        "error",
        "The outputs are in another order",
        "The pinned client takes each for another one, perhaps without an error.",
        "`outputs=[image, mask]` became `outputs=[mask, image]`.",
        "Refresh; results that are read by field name need not change.",
    ),
    Rule(
        "output-relabelled",
        "warning",
        "An output has another label",
        "The pinned client goes on working; after a refresh the field of the result has another "
        "name. It is only said where there are several outputs, and so fields.",
        '`gr.Image(label="Result")` became `gr.Image(label="Picture")`.',
        "Refresh, and use the new field.",
    ),
    Rule(
        "output-retyped",
        "error",
        "An output may be what it never was",
        "Values may come that do not fit the pinned type.",
        "A text became a number; a value may be None.",
        _REFRESH,
    ),
    Rule(
        "output-narrowed",
        "info",
        "An output is less than it could be",
        "Every value fits the pinned type.",
        "Any number became a whole one.",
        "Nothing; refresh for the closer type.",
    ),
)
"""About outputs."""
