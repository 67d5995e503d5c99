import sys

from spacecall import SyncSpace


class Greeter:
    def __init__(self, address: str) -> None:
        self._space = SyncSpace(address).open()

    def greet(self, name: str) -> str:
        greeting: str = self._space.call("/greet", name=name).result()
        return greeting

    def close(self) -> None:
        self._space.close()


greeter = Greeter(sys.argv[1])
print(greeter.greet("Ada"))
greeter.close()
