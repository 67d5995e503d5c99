"""From a Gradio app to its typed client: schema files first, then Python made of them alone.

The rooms, in the order of the work: `fetch` (what the app says), `normalise`, `shared`, `schemas`
(JSON Schema documents), `store` (the schema folder and its lock), `planner` (names), `annotations`
(types, by datamodel-code-generator), `client` and `module` (Python). `projects` knows where things
go.
"""
