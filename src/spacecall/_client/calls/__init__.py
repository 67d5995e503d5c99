"""Calls and jobs: from arguments to results.

A `call.Call` is lazy. When it is awaited or entered, its arguments are checked (`call_arguments`,
`typed_endpoint`) and become a `prepared_call.PreparedCall`; a `queue_job.QueueJob` then uploads the
files (`value_encoding`), submits the job, and returns its events and result to you (`job.Job`).
"""
