"""The client: calls over sessions and streams, on anyio.

Read it top down: `space.Space` opens an app (`discovery`) and makes calls (`calls`). A call becomes
a job, which runs on a session with its stream (`streams`), or without one (`exchanges`). Task
groups, lifetimes and the loop thread of the sync API are in `concurrency`.
"""
