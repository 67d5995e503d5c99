"""Run jobs without the stream of a session.

Each module has a function `submit` that runs one job: `per_job_stream` for the protocols before
`sse_v1`, `run_endpoint` for functions outside the queue, `call_api` for the simple call API.
`service_call` runs calls of other HTTP services.
"""
