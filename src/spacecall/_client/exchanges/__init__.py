"""Jobs without a shared stream: one stream per job, `/run`, the simple call API, plain services."""
