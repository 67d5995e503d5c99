"""Changes of real apps are told apart, by rule and severity."""

from __future__ import annotations

import pytest

from spacecall.codegen import drift
from tests.codegen.drift.pairs import PAIRS, app, find_drift, rules

EXPECTED: dict[str, list[str]] = {
    "01-endpoint-removed": [
        "error endpoint-removed /say",
    ],
    "02-endpoint-renamed": [
        "error endpoint-renamed /repeat",
    ],
    "03-endpoint-private": [
        "warning endpoint-private /say",
    ],
    "04-endpoint-undocumented": [
        "warning endpoint-undocumented /say",
    ],
    "05-endpoint-reshuffled": [
        "error endpoint-reshuffled /predict_1",
    ],
    "06-endpoint-added": [
        "info endpoint-added /say",
    ],
    "07-parameter-added-required": [
        "error parameter-added-required /say picture",
    ],
    "08-parameter-added-optional": [
        "error parameter-added-optional /say temperature",
    ],
    "09-parameter-removed": [
        "error parameter-removed /say seed",
    ],
    "10-parameter-renamed": [
        "warning parameter-renamed /say prompt",
    ],
    "11-parameters-reordered": [
        "error parameters-reordered /area",
    ],
    "12-parameter-retyped": [
        "error parameter-retyped /parameter_retyped x",
        "warning component-changed /parameter_retyped x",
    ],
    "13-parameter-widened": [
        "info parameter-widened /pay amount",
    ],
    "14-required-and-optional": [
        "warning parameter-became-required /strict text",
        "info parameter-became-optional /lenient text",
    ],
    "15-default-changed": [
        "warning default-changed /say text",
        "info parameter-became-optional /say level",
    ],
    "16-limits-narrowed": [
        "error minimum-narrowed /run steps",
        "error maximum-narrowed /run steps",
        "info step-narrowed /run steps",
    ],
    "17-limits-widened": [
        "info minimum-widened /run steps",
        "info maximum-widened /run steps",
        "info step-widened /run steps",
    ],
    "18-choices": [
        "warning choice-removed /run model",
        "info choice-added /run model",
        "info choice-added /run styles",
    ],
    "19-choices-closed-and-opened": [
        "error choices-closed /run model",
        "info choices-opened /run style",
    ],
    "20-component-changed": [
        "error file-payload-changed /run picture",
        "warning component-changed /run picture",
        "warning component-changed /run text",
    ],
    "21-file-payload-changed": [
        "warning gradio-major-changed",
        "error file-payload-changed /cut clip",
        "error file-payload-changed /cut output 1",
    ],
    "22-files-narrowed": [
        "error file-types-narrowed /read document",
        "error file-count-narrowed /read pages",
    ],
    "23-files-widened": [
        "error file-count-widened /read pages",
        "info file-types-widened /read document",
    ],
    "24-output-added-and-removed": [
        "error output-added /more output 2",
        "error output-removed /less output 1",
    ],
    "25-outputs-reordered": [
        "error outputs-reordered /draw",
    ],
    "26-output-relabelled": [
        "warning output-relabelled /draw output 1",
    ],
    "27-output-retyped-and-narrowed": [
        "error output-retyped /score output 1",
        "warning component-changed /score output 1",
        "info output-narrowed /rank output 1",
    ],
    "28-streaming": [
        "warning streaming-started /starts",
        "warning streaming-stopped /stops",
    ],
    "29-queue": [
        "info queue-changed /say",
    ],
    "30-state": [
        "warning state-added /remembers",
        "info state-removed /forgets",
    ],
    "31-login-required": [
        "error login-required",
    ],
    "32-token-required": [
        "error token-required",
    ],
    "33-protocol-changed": [
        "warning gradio-major-changed",
        "warning protocol-changed",
        "warning parameter-renamed /echo text_in",
    ],
    "34-max-file-size-shrunk": [
        "error max-file-size-shrunk",
    ],
    "35-max-file-size-grown": [
        "info max-file-size-grown",
    ],
    "36-zerogpu-started": [
        "warning zerogpu-started",
    ],
    "37-zerogpu-stopped": [
        "info zerogpu-stopped",
    ],
    "38-several-together": [
        "error maximum-narrowed /generate width",
        "error output-added /generate output 2",
        "warning streaming-started /generate",
        "warning default-changed /generate width",
        "warning choice-removed /generate model",
        "info choice-added /generate model",
        "error endpoint-renamed /upscale",
        "error endpoint-removed /say",
    ],
    "39-chat-messages": [
        "warning gradio-major-changed",
        "error parameter-retyped /answer history",
        "error output-retyped /answer output 1",
    ],
    "40-nothing-but-looks": [],
    "41-major-alone": [
        "warning gradio-major-changed",
    ],
    "42-default-refused": [
        "error default-refused /default_refused_if_choice x",
        "warning choice-removed /default_refused_if_choice x",
        "info choice-added /default_refused_if_choice x",
        "error default-refused /default_refused_if_maximum x",
        "error maximum-narrowed /default_refused_if_maximum x",
    ],
    "43-app-default-removed": [
        "error app-default-removed /app_default_removed x",
    ],
    "44-choices-replaced": [
        "error default-refused /choices_replaced x",
        "error choices-replaced /choices_replaced x",
        "error default-refused /choices_replaced_if_none_left x",
        "error choices-replaced /choices_replaced_if_none_left x",
        "warning parameter-became-required /choices_replaced_if_none_left x",
    ],
    "45-fractions-rounded": [
        "warning fractions-rounded /fractions_rounded x",
    ],
    "46-date-formats": [
        "error date-format-refused /date_format_refused x",
        "warning date-format-changed /date_format_changed x",
    ],
    "47-computed-defaults": [
        "warning default-changed /quiet_if_fixed_and_random x",
    ],
    "48-endpoint-renamed-with-one-more": [
        "error endpoint-removed /endpoint_removed_if_hint",
        "info endpoint-added /another_name",
    ],
    "49-user-token": [
        "error user-token-required /acts",
        "info user-token-optional /may",
        "info user-token-removed /stops",
    ],
    "51-stream-input": [
        "info stream-input-added /takes",
        "error stream-input-removed /drops",
        "error stream-input-changed /moves",
    ],
    "50-parameter-type-changed": [
        "warning component-changed /parameter_type_changed x",
        "warning parameter-type-changed /parameter_type_changed x",
    ],
}

# For each rule a change that is near to it, and is something else: which pair, whether the newer
# app is the pinned one, and a rule that fires instead.
NEAR: dict[str, tuple[str, bool, str | None]] = {
    "endpoint-removed": ("02-endpoint-renamed", False, "endpoint-renamed"),
    "endpoint-renamed": ("01-endpoint-removed", False, "endpoint-removed"),
    "endpoint-private": ("03-endpoint-private", True, "endpoint-added"),
    "endpoint-undocumented": ("04-endpoint-undocumented", True, None),
    "endpoint-reshuffled": ("02-endpoint-renamed", False, "endpoint-renamed"),
    "endpoint-added": ("02-endpoint-renamed", False, "endpoint-renamed"),
    "streaming-started": ("29-queue", False, "queue-changed"),
    "streaming-stopped": ("38-several-together", False, "streaming-started"),
    "stream-input-added": ("28-streaming", False, "streaming-started"),
    "stream-input-removed": ("28-streaming", False, "streaming-stopped"),
    "stream-input-changed": ("28-streaming", False, "streaming-started"),
    "queue-changed": ("28-streaming", False, "streaming-started"),
    "state-added": ("40-nothing-but-looks", False, None),
    "state-removed": ("09-parameter-removed", False, "parameter-removed"),
    "user-token-required": ("30-state", False, "state-added"),
    "user-token-optional": ("30-state", False, "state-added"),
    "user-token-removed": ("30-state", False, "state-removed"),
    "parameter-added-required": (
        "08-parameter-added-optional",
        False,
        "parameter-added-optional",
    ),
    "parameter-added-optional": (
        "07-parameter-added-required",
        False,
        "parameter-added-required",
    ),
    "parameter-removed": ("10-parameter-renamed", False, "parameter-renamed"),
    "parameter-renamed": ("11-parameters-reordered", False, "parameters-reordered"),
    "parameters-reordered": ("10-parameter-renamed", False, "parameter-renamed"),
    "parameter-type-changed": ("12-parameter-retyped", False, "parameter-retyped"),
    "parameter-retyped": ("13-parameter-widened", False, "parameter-widened"),
    "parameter-widened": ("13-parameter-widened", True, "fractions-rounded"),
    "parameter-became-required": ("15-default-changed", False, "default-changed"),
    "parameter-became-optional": ("08-parameter-added-optional", False, "parameter-added-optional"),
    "default-changed": ("14-required-and-optional", False, "parameter-became-required"),
    "app-default-removed": (
        "14-required-and-optional",
        False,
        "parameter-became-required",
    ),
    "default-refused": ("15-default-changed", False, "default-changed"),
    "fractions-rounded": ("13-parameter-widened", False, "parameter-widened"),
    "date-format-refused": ("47-computed-defaults", False, None),
    "date-format-changed": ("40-nothing-but-looks", False, None),
    "choices-replaced": ("18-choices", False, "choice-removed"),
    "minimum-narrowed": ("16-limits-narrowed", True, "minimum-widened"),
    "minimum-widened": ("16-limits-narrowed", False, "minimum-narrowed"),
    "maximum-narrowed": ("16-limits-narrowed", True, "maximum-widened"),
    "maximum-widened": ("16-limits-narrowed", False, "maximum-narrowed"),
    "step-narrowed": ("16-limits-narrowed", True, "step-widened"),
    "step-widened": ("17-limits-widened", True, "step-narrowed"),
    "choice-added": ("19-choices-closed-and-opened", False, "choices-closed"),
    "choice-removed": ("19-choices-closed-and-opened", False, "choices-closed"),
    "choices-closed": ("18-choices", False, "choice-removed"),
    "choices-opened": ("18-choices", False, "choice-added"),
    "file-count-narrowed": ("23-files-widened", False, "file-count-widened"),
    "file-count-widened": ("22-files-narrowed", False, "file-count-narrowed"),
    "file-types-narrowed": ("23-files-widened", False, "file-types-widened"),
    "file-types-widened": ("22-files-narrowed", False, "file-types-narrowed"),
    "component-changed": ("13-parameter-widened", False, "parameter-widened"),
    "file-payload-changed": ("39-chat-messages", False, "parameter-retyped"),
    "output-added": ("26-output-relabelled", False, "output-relabelled"),
    "output-removed": ("25-outputs-reordered", False, "outputs-reordered"),
    "outputs-reordered": ("26-output-relabelled", False, "output-relabelled"),
    "output-relabelled": ("25-outputs-reordered", False, "outputs-reordered"),
    "output-retyped": ("21-file-payload-changed", False, "file-payload-changed"),
    "output-narrowed": ("39-chat-messages", False, "output-retyped"),
    "gradio-major-changed": ("38-several-together", False, "streaming-started"),
    "protocol-changed": ("41-major-alone", False, "gradio-major-changed"),
    "login-required": ("32-token-required", False, "token-required"),
    "token-required": ("31-login-required", False, "login-required"),
    "max-file-size-shrunk": ("35-max-file-size-grown", False, "max-file-size-grown"),
    "max-file-size-grown": ("34-max-file-size-shrunk", False, "max-file-size-shrunk"),
    "zerogpu-started": ("37-zerogpu-stopped", False, "zerogpu-stopped"),
    "zerogpu-stopped": ("36-zerogpu-started", False, "zerogpu-started"),
}
# found by the policy, not by comparing
NOT_COMPARED = {"ignore-expired"}


def line(finding: drift.Finding) -> str:
    parts = (finding.severity, finding.rule, finding.endpoint, finding.subject)
    return " ".join(part for part in parts if part)


def test_there_are_pairs_for_all_rules() -> None:
    fired = {line_.split()[1] for lines in EXPECTED.values() for line_ in lines}
    assert fired == drift.RULES.keys() - NOT_COMPARED
    assert EXPECTED.keys() == set(PAIRS)
    assert len(PAIRS) >= 30


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair_is_told_by_rule_severity_and_place(pair: str) -> None:
    assert [line(finding) for finding in find_drift(pair)] == EXPECTED[pair]


@pytest.mark.parametrize("rule", sorted(drift.RULES.keys() - NOT_COMPARED))
def test_a_rule_does_not_fire_for_a_change_that_is_near(rule: str) -> None:
    pair, backwards, instead = NEAR[rule]
    fired = rules(find_drift(pair, backwards=backwards))
    assert rule not in fired
    assert instead is None or instead in fired


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("side", ["before", "after"])
def test_an_app_does_not_differ_from_itself(pair: str, side: str) -> None:
    assert drift.compare_apps(app(pair, side), app(pair, side)) == []
