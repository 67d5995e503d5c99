"""Schemas of an app: fetched or loaded, described as JSON Schema, stored in a folder, corrected."""
