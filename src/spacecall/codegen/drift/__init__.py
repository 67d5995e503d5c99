"""Whether a live app still is what its client was generated from.

Pure: the pinned side comes from a schema folder, the live one from documents that somebody fetched.
"""
