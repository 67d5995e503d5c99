"""The severity of each rule is what happens to a call of the pinned client on the live app.

The app serves its old and its new version (`tests/apps/drift_app.py`). Clients are generated from
the old one and call both: an error means that the call fails or has another result, and info that
it has the same result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import pytest

from spacecall import Auth, SpaceError
from spacecall.codegen import drift
from spacecall.codegen._schemas.app_documents import AppDocuments, fetch_app
from spacecall.errors import AppError
from tests import servers
from tests.codegen.apps import generated, load
from tests.conftest import ServerPool
from tests.servers import AppServer

pytestmark = pytest.mark.filterwarnings("ignore::spacecall.SchemaDriftWarning")

TEXT_FILE = b"some text"
PICTURE = Path(servers.DATA) / "red.png"
NOON, DAY = "2024-01-02 12:00:00", "2024-01-02"

# The arguments of a call that the change concerns, by the name of the endpoint.
CALLS: dict[str, dict[str, Any]] = {
    "endpoint_removed": {"x": "a"},
    "endpoint_removed_if_hint": {"x": "a", "there": "a"},
    "endpoint_renamed": {"x": "a", "only_here": True},
    "endpoint_private": {"x": "a"},
    "endpoint_undocumented": {"x": "a"},
    "endpoint_reshuffled_1": {"x": "a"},
    "streaming_started": {"x": "a"},
    "streaming_stopped": {"x": "a"},
    "queue_changed": {"x": "a"},
    "state_added": {"x": "a"},
    "state_removed": {"x": "a"},
    "parameter_added_required": {"x": "a"},
    "parameter_added_optional": {"x": "a"},
    "parameter_removed": {"x": "a", "y": 2},
    "parameter_renamed": {"x": "a"},
    "parameters_reordered": {"x": 1, "y": 2},
    "parameter_retyped": {"x": "a"},
    "parameter_type_changed": {"x": "a"},
    "parameter_type_changed_if_boolean": {"x": "a"},
    "parameter_retyped_if_slider": {"x": "a"},
    "parameter_retyped_if_precision": {"x": "a"},
    "parameter_widened": {"x": 3},
    "parameter_became_required": {},
    "parameter_became_optional": {"x": "b"},
    "app_default_removed": {},
    "default_changed": {},
    "default_changed_if_and_fixed": {"x": 2},
    "default_changed_if_computed": {},
    "default_refused_if_choice": {},
    "default_refused_if_radio": {},
    "default_refused_if_list": {},
    "default_refused_if_maximum": {},
    "default_refused_if_minimum": {},
    "default_refused_if_type": {},
    "default_changed_if_unchecked_type": {},
    "default_refused_if_and_required": {},
    "minimum_narrowed": {"x": 5},
    "minimum_narrowed_if_number": {"x": 1},
    "minimum_widened": {"x": 20},
    "maximum_narrowed": {"x": 60},
    "maximum_widened": {"x": 20},
    "step_narrowed": {"x": 3},
    "step_widened": {"x": 8},
    "fractions_rounded": {"x": 2.5},
    "date_format_refused": {"x": NOON},
    "date_format_refused_if_with_time": {"x": DAY},
    "date_format_changed": {"x": NOON},
    "choice_added": {"x": "b"},
    "choice_removed": {"x": "c"},
    "choices_replaced": {"x": "b"},
    "choices_replaced_if_none_left": {"x": "b"},
    "choices_closed": {"x": "z"},
    "choices_opened": {"x": "a"},
    "file_count_narrowed": {"x": [TEXT_FILE, TEXT_FILE]},
    "file_count_widened": {"x": TEXT_FILE},
    "file_types_narrowed": {"x": "a.txt"},
    "file_types_widened": {"x": "a.md"},
    "component_changed": {"x": "a"},
    "component_changed_if_text_box": {"x": 1},
    "file_payload_changed": {"x": "a.png"},
    "output_added": {},
    "output_removed": {},
    "outputs_reordered": {},
    "output_relabelled": {},
    "output_retyped": {},
    "output_narrowed": {},
    "quiet_if_random": {"x": 1},
    "quiet_if_called": {"x": 1},
    "quiet_if_load_event": {"x": "a"},
    "quiet_if_empty_choices": {"x": None},
    "quiet_if_looks": {"x": "a"},
}

# A warning is about some calls: these fail or have another result, those of the others do not.
WARNED = {"choice_removed", "fractions_rounded", "component_changed_if_text_box"}

# Rules without an endpoint of the app that could be called, and where they are tested.
NOT_CALLED = {
    "endpoint-added": "a pinned client does not have it",
    "protocol-changed": "every protocol is called in tests/matrix",
    "gradio-major-changed": "below",
    "login-required": "below",
    "max-file-size-shrunk": "below",
    "max-file-size-grown": "below",
    "user-token-required": "called in tests/client/test_join_extras.py",
    "user-token-optional": "called in tests/client/test_join_extras.py",
    "user-token-removed": "called in tests/client/test_join_extras.py",
    "stream-input-added": "a call sends one input, in tests/client/test_one_input.py",
    "stream-input-removed": "entered in tests/client/test_typed_feeds.py",
    "stream-input-changed": "entered in tests/client/test_typed_feeds.py",
    "token-required": "the Hub refuses the call, not Gradio",
    "zerogpu-started": "the Hub's hardware is not a property of the app",
    "zerogpu-stopped": "the Hub's hardware is not a property of the app",
    "ignore-expired": "about the project's configuration",
}


@dataclass(eq=False)
class Versions:
    """The app in both versions on one Gradio, and a client of the old one for each.

    Attributes:
        findings: what changed, by the name of the endpoint.
        old: the client of the old version, connected to it.
        new: the same client, connected to the new version.
    """

    server: AppServer
    documents: AppDocuments
    module: ModuleType
    findings: Mapping[str, list[drift.Finding]]
    old: Any
    new: Any

    def call(self, client: Any, name: str, arguments: Mapping[str, Any]) -> Any:
        """Call an endpoint; return its result, or the error."""
        try:
            return getattr(client, name)(**arguments).result()
        except SpaceError as error:
            return error


def rule_of(name: str) -> str:
    """The rule that an endpoint of the app is named after."""
    base = name.partition("_if_")[0].removesuffix("_1")
    return base.replace("_", "-")


def read_models(*documents: AppDocuments) -> list[drift.AppModel]:
    return [drift.read_live_app(app.config, app.info) for app in documents]


@pytest.fixture(
    scope="module",
    params=[servers.GRADIO_6, servers.GRADIO_5],
    ids=["gradio-6.31.0", "gradio-5.50.0"],
)
def versions(
    request: pytest.FixtureRequest,
    app_server: ServerPool,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Versions]:
    """The app in both versions, on each Gradio in turn."""
    server = app_server("drift_app.py", request.param)
    old, new = (anyio.run(fetch_app, f"{server.url}/{name}") for name in ("old", "new"))
    found: dict[str, list[drift.Finding]] = {}
    for finding in drift.compare_apps(*read_models(old, new)):
        found.setdefault(finding.endpoint.removeprefix("/"), []).append(finding)
    folder = tmp_path_factory.mktemp("client")
    module = load(generated(old, "drift"), folder, f"drift_client_{server.version[0]}")
    connect = module.SyncDrift.connect
    with connect(f"{server.url}/old") as on_old, connect(f"{server.url}/new") as on_new:
        yield Versions(server, old, module, found, on_old, on_new)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files by name."""
    folder = tmp_path_factory.mktemp("files")
    paths = {name: folder / name for name in ("a.txt", "a.md", "a.png")}
    for path in paths.values():
        path.write_bytes(PICTURE.read_bytes() if path.suffix == ".png" else TEXT_FILE)
    return paths


def test_each_rule_is_tried_on_a_real_app() -> None:
    called = {rule_of(name) for name in CALLS} - {"quiet"}
    assert called | NOT_CALLED.keys() == drift.RULES.keys()
    assert not called & NOT_CALLED.keys()


@pytest.mark.parametrize("name", CALLS)
def test_a_severity_is_what_happens_to_a_call(
    name: str, versions: Versions, files: Mapping[str, Path]
) -> None:
    arguments = {key: files.get(str(value), value) for key, value in CALLS[name].items()}
    before, after = (
        versions.call(client, name, arguments) for client in (versions.old, versions.new)
    )
    assert not isinstance(before, SpaceError), f"the call never worked: {before!r}"
    findings = versions.findings.get(name, [])
    rule = rule_of(name)
    if name == "endpoint_private" and versions.server.version.startswith("5"):
        rule = "endpoint-removed"  # the app no longer has the name at all
    if rule == "quiet":
        assert findings == []
        assert not isinstance(after, SpaceError)
        return
    assert rule in {finding.rule for finding in findings}
    if drift.RULES[rule].severity == "error" or name in WARNED:
        assert isinstance(after, SpaceError) or after != before
    else:
        assert after == before
        assert "error" not in {finding.severity for finding in findings}


@pytest.mark.parametrize("name", ["quiet_if_random", "quiet_if_called", "quiet_if_load_event"])
def test_a_computed_default_is_that_of_the_live_app(name: str, versions: Versions) -> None:
    live = next(
        component["props"]["value"]
        for dependency in versions.documents.config["dependencies"]
        if dependency["api_name"] == name
        for component in versions.documents.config["components"]
        if component["id"] == dependency["inputs"][0]
    )
    assert versions.call(versions.old, name, {}) == repr(live)
    endpoint = generated(versions.documents, "drift").partition(f'"/{name}"')[2]
    assert endpoint.partition(")")[0].count('app_defaults=["x"]') == 1


def test_functions_that_compute_defaults_are_not_findings(versions: Versions) -> None:
    names = {dependency["api_name"] for dependency in versions.documents.config["dependencies"]}
    assert "get_random_value" in names
    for model in read_models(versions.documents):
        assert model.endpoints["/get_random_value"].computes_default
    assert not hasattr(versions.old, "get_random_value")
    assert not [name for name in versions.findings if name.startswith("get_random_value")]


def test_the_server_refuses_a_refused_default_not_only_the_client(versions: Versions) -> None:
    with pytest.raises(AppError, match="not in the list of choices"):
        versions.new.default_refused_if_choice().result()


def test_an_app_that_requires_a_login_now_refuses_every_call(versions: Versions) -> None:
    url = f"{versions.server.url}/login"
    with pytest.raises(SpaceError), versions.module.SyncDrift.connect(url) as client:
        client.queue_changed(x="a").result()
    auth = Auth(username="ada", password="lace")
    with versions.module.SyncDrift.connect(url, auth=auth) as client:
        assert client.queue_changed(x="a").result() == "'a'"


def test_larger_files_are_refused_by_an_app_with_a_lower_limit(
    versions: Versions, files: Mapping[str, Path]
) -> None:
    old, small = read_models(
        versions.documents, anyio.run(fetch_app, f"{versions.server.url}/small")
    )
    shrunk, grown = (
        {finding.rule for finding in drift.compare_apps(*pair)}
        for pair in ((old, small), (small, old))
    )
    assert ("max-file-size-shrunk" in shrunk, "max-file-size-grown" in grown) == (True, True)
    with versions.module.SyncDrift.connect(f"{versions.server.url}/small") as client:
        assert isinstance(
            versions.call(client, "file_types_widened", {"x": files["a.png"]}), SpaceError
        )


def test_a_client_of_gradio_5_calls_the_same_app_on_gradio_6(
    app_server: ServerPool, tmp_path: Path
) -> None:
    five, six = (
        app_server("drift_app.py", version) for version in (servers.GRADIO_5, servers.GRADIO_6)
    )
    old, new = (anyio.run(fetch_app, f"{server.url}/old") for server in (five, six))
    findings = drift.compare_apps(*read_models(old, new))
    changed = {
        finding.endpoint
        for finding in findings
        if finding.severity == "error" and "lambda" not in finding.endpoint
    }
    assert changed == set()
    assert "gradio-major-changed" in {finding.rule for finding in findings}
    module = load(generated(old, "drift"), tmp_path, "drift_client_5_to_6")
    with module.SyncDrift.connect(f"{six.url}/old") as client:
        assert client.fractions_rounded(x=2.5).result() == "2.5"
        assert client.parameter_widened(x=3).result() == "3"
