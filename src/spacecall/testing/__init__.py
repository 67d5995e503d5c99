"""Apps that are not there: a fake Space made from a schema folder, for tests."""

from spacecall.testing.fake import FakeSpace, ReceivedCall

__all__ = ["FakeSpace", "ReceivedCall"]
