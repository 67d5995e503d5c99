"""A fake Space made from a schema folder, for tests without the app."""

from spacecall.testing._fake_space import FakeResult, FakeSpace, ReceivedCall

__all__ = ["FakeResult", "FakeSpace", "ReceivedCall"]
