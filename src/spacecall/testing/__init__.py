"""Apps that are not there: a fake Space made from a schema folder, for tests."""

from spacecall.testing._fake_space import FakeSpace, ReceivedCall

__all__ = ["FakeSpace", "ReceivedCall"]
