"""Write a Python module from a schema folder; `client_module.write_module` is the entry point."""
