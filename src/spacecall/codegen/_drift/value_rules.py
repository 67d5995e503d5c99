"""Rules about parameters and outputs."""

from __future__ import annotations

from spacecall.codegen._drift.rule import Rule

__all__ = ["OUTPUT_RULES", "PARAMETER_RULES"]

_REFRESH = "Refresh, and adapt the calls."
_RELAX = "Nothing; refresh to allow the new values."

PARAMETER_RULES = (
    Rule(
        "parameter-added-required",
        "error",
        "An endpoint has a new parameter without a default",
        "The pinned client sends too few values: every call of it fails.",
        "`def f(text)` became `def f(text, language)`, and the new component has no value.",
        _REFRESH,
    ),
    Rule(
        "parameter-added-optional",
        "error",
        "An endpoint has a new parameter with a default",
        "Values are sent by position, and the server expects all of them, with a default or not: "
        "the pinned client sends too few. Calls without a typed client fill in the default.",
        "A slider `temperature` with the value 0.7 was added to the inputs.",
        "Refresh; calls need not change.",
    ),
    Rule(
        "parameter-removed",
        "error",
        "A parameter was removed",
        "The pinned client sends too many values: every call of it fails.",
        "`seed` is no longer an input.",
        _REFRESH,
    ),
    Rule(
        "parameter-renamed",
        "warning",
        "A parameter was renamed",
        "The pinned client keeps working, because values are sent by position. Calls by name "
        "without a typed client fail, and the refreshed method has another keyword. The parameter"
        " is recognised by its position and type.",
        "`def f(prompt)` became `def f(text)`; for `def f(*args)`, a label changed.",
        "Refresh, and use the new keyword.",
    ),
    Rule(
        "parameters-reordered",
        "error",
        "The parameters are in another order",
        "Values are sent by position: the pinned client sends each parameter the value of another"
        " one, perhaps without an error.",
        "`inputs=[width, height]` became `inputs=[height, width]`, for `def f(*args)`.",
        "Refresh; calls by keyword need not change.",
    ),
    Rule(
        "parameter-retyped",
        "error",
        "A parameter no longer takes all its old values",
        "Arguments that the pinned client allows may be refused, or may mean something else. A "
        "number for a text box is not reported: the server converts it.",
        "A text became a slider; an object lost a member.",
        _REFRESH,
    ),
    Rule(
        "parameter-type-changed",
        "warning",
        "A parameter has another type, which the server does not check",
        "A check box, and a number without limits and precision, pass any value on. The pinned "
        "client keeps working, but the app's function gets values of the old type, and may fail "
        "or do something else. Calls without a typed client are refused before they are sent.",
        "`gr.Textbox()` became `gr.Number()`.",
        _REFRESH,
    ),
    Rule(
        "parameter-widened",
        "info",
        "A parameter takes more values than before",
        "Nothing breaks.",
        "Integers became any numbers; None is allowed now.",
        _RELAX,
    ),
    Rule(
        "parameter-became-required",
        "warning",
        "A parameter no longer has a default",
        "Calls that omit it keep sending the pinned default. Without a typed client they fail, and "
        "after a refresh the argument must be given.",
        'The text box lost its `value="Hello"`.',
        "Refresh, and pass a value in every call.",
    ),
    Rule(
        "app-default-removed",
        "error",
        "A default that calls read from the app was removed",
        "A default that the app computes, that contains a file or that is too long is not written "
        "into the client: calls that omit the argument send the live app's, and fail without it.",
        "A slider with `randomize=True` became a text box without a value.",
        "Refresh, and pass a value in every call.",
    ),
    Rule(
        "default-refused",
        "error",
        "A parameter no longer takes its pinned default",
        "Calls that omit the argument fail: they send the pinned default, which is no longer a "
        "choice, is out of the new range, or has a type that the server refuses.",
        '`choices=["a", "b"], value="a"` became `choices=["b", "c"], value="b"`.',
        "Refresh: calls then send the new default.",
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
        "A default changed",
        "Calls that omit the argument keep sending the pinned default, so their results differ "
        "from those of the app's page. A default that is not written into the client (it contains "
        "a file, is too long, or is computed by the app when its page loads) is read from the app: "
        "calls send the new one. Two computed values of the same default are not a change, but a "
        "fixed default that becomes a computed one is, and the other way around.",
        "`value=0.7` became `value=1.0`, or `randomize=True`.",
        "Refresh to use the new default, or pass the old value in the calls.",
    ),
    Rule(
        "minimum-narrowed",
        "error",
        "The smallest allowed value is larger",
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
        "The largest allowed value is smaller",
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
        "info",
        "The steps of a number are coarser",
        "Nothing breaks: only the app's page keeps to steps, and Gradio accepts the values between "
        "them. A step that Gradio derives from a new range does not count.",
        "`step=1` became `step=8`.",
        "Nothing, unless the app's function needs multiples of the step.",
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
        "fractions-rounded",
        "warning",
        "A number is rounded now",
        "Calls with fractions work, and the function gets the nearest integer.",
        "`gr.Number()` became `gr.Number(precision=0)`.",
        _REFRESH,
    ),
    Rule(
        "date-format-refused",
        "error",
        "Dates need another format",
        "Texts in the old format are refused. Calls with a `date` or `datetime` adapt, as long as "
        "they have a time if the app wants one.",
        "`gr.DateTime()` became `gr.DateTime(include_time=False)`.",
        "Refresh, and pass `date` or `datetime` objects.",
    ),
    Rule(
        "date-format-changed",
        "warning",
        "The app expects dates in another format",
        'The server does not check the format, because of `type="string"`: the function gets texts '
        "in the old format.",
        '`gr.DateTime(type="string")` got `include_time=False`.',
        "Refresh, and pass `date` or `datetime` objects.",
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
        "A choice was removed",
        "Calls with it fail. Apps may set their choices at run time, so it may come back.",
        '`choices=["a", "b", "c"]` became `choices=["a", "b"]`.',
        _REFRESH,
    ),
    Rule(
        "choices-replaced",
        "error",
        "None of the old choices is left",
        "Every call with a choice of the pinned client fails.",
        '`choices=["v1", "v2"]` became `choices=["v3", "v4"]`.',
        _REFRESH,
    ),
    Rule(
        "choices-closed",
        "error",
        "Only the listed choices are allowed now",
        "Any value was allowed before; values that are not listed are refused now.",
        "`allow_custom_value=True` was removed.",
        _REFRESH,
    ),
    Rule(
        "choices-opened",
        "info",
        "Values that are not listed are allowed now",
        "Nothing breaks.",
        "`allow_custom_value=True` was added.",
        _RELAX,
    ),
    Rule(
        "file-count-narrowed",
        "error",
        "A parameter takes one file instead of several",
        "Calls with a list of files fail, or all files but one are lost.",
        '`file_count="multiple"` became `file_count="single"`.',
        _REFRESH,
    ),
    Rule(
        "file-count-widened",
        "error",
        "A parameter takes several files instead of one",
        "The server expects a list: the pinned client sends one file, which is refused.",
        '`file_count="single"` became `file_count="multiple"`.',
        "Refresh, and pass a list.",
    ),
    Rule(
        "file-types-narrowed",
        "error",
        "A parameter takes fewer types of files",
        "Files of the other types are refused.",
        '`file_types=["image", ".pdf"]` became `file_types=["image"]`.',
        "Refresh, and convert the files first.",
    ),
    Rule(
        "file-types-widened",
        "info",
        "A parameter takes more types of files",
        "Nothing breaks.",
        '`file_types=["image"]` became `file_types=["image", ".pdf"]`.',
        _RELAX,
    ),
    Rule(
        "component-changed",
        "warning",
        "A parameter or output has another component",
        "Its meaning may have changed, even if its values look the same. If they do not, another "
        "rule reports it too.",
        "`gr.Image` became `gr.ImageEditor`.",
        "Refresh, and look at the app's page.",
    ),
    Rule(
        "file-payload-changed",
        "error",
        "Files have another structure",
        "The pinned client wraps files differently than the app: inputs are refused, outputs do "
        "not fit.",
        "A video is `{video, subtitles}` in Gradio 5 and a plain file in 6.",
        _REFRESH,
    ),
)
"""Rules about parameters; those of components and files also apply to outputs."""

OUTPUT_RULES = (
    Rule(
        "output-added",
        "error",
        "An endpoint has a new output",
        "One value becomes a tuple, or a tuple gets longer: results of the pinned client do not "
        "fit.",
        "`outputs=[image]` became `outputs=[image, seed]`.",
        _REFRESH,
    ),
    Rule(
        "output-removed",
        "error",
        "An output was removed",
        "Results of the pinned client do not fit.",
        "`outputs=[image, seed]` became `outputs=[image]`.",
        _REFRESH,
    ),
    Rule(
        "outputs-reordered",
        "error",
        "The outputs are in another order",
        "The pinned client confuses the outputs with each other, perhaps without an error.",
        "`outputs=[image, mask]` became `outputs=[mask, image]`.",
        "Refresh; code that reads results by field name need not change.",
    ),
    Rule(
        "output-relabelled",
        "warning",
        "An output has another label",
        "The pinned client keeps working. After a refresh, the field of the result has another "
        "name. It is reported only for endpoints with several outputs, which have fields.",
        'Of two outputs, `gr.Image(label="Result")` became `gr.Image(label="Picture")`.',
        "Refresh, and use the new field.",
    ),
    Rule(
        "output-retyped",
        "error",
        "An output may have values that it never had",
        "Values may not fit the pinned type.",
        "A text became a number; a value may be None.",
        _REFRESH,
    ),
    Rule(
        "output-narrowed",
        "info",
        "An output has fewer possible values",
        "Every value fits the pinned type.",
        "Any number became an integer.",
        "Nothing; refresh to get the narrower type.",
    ),
)
"""Rules about outputs."""
