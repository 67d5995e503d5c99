"""Tasks, threads and lifetimes.

`lifetime` keeps a Space open, whichever task opened it. `task_groups` and `task_errors` keep the
error of one call from ending others. `portal` and `loop_thread` run the async client for the sync
API.
"""
