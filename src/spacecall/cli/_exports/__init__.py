"""Write what other programs use: snippets, JSON Schema and OpenAPI documents, agent skills."""
