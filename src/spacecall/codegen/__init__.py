"""Generate typed clients from Gradio apps, and check them against the live apps.

The work goes from left to right; each package imports only from those before it:

- `_schemas`: fetch an app's /config and /info, turn them into JSON Schema documents, and keep these
  in a schema folder with a lock file and optional corrections (`overrides.toml`).
- `_python`: write a Python module from a schema folder. `module_planner` chooses all names,
  `type_annotations` asks datamodel-code-generator for the types, `client_module` writes the text.
- `_drift`: compare the app that a client was generated from with the live app. `drift` has the
  names that other packages use.
- `_project`: read `[tool.spacecall]` of a project, and add, check, refresh and remove its clients.

`_names` makes Python names from an app's names; `_literals` makes Python literals from its texts.
"""
