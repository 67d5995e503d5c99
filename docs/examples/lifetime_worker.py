import multiprocessing
import sys

from spacecall import SyncSpace

space: SyncSpace


def start_worker(address: str) -> None:
    """Open a Space in each worker, after the fork."""
    global space  # noqa: PLW0603
    space = SyncSpace(address).open()


def greet(name: str) -> str:
    greeting: str = space.call("/greet", name=name).result()
    return greeting


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    with context.Pool(2, initializer=start_worker, initargs=[sys.argv[1]]) as pool:
        print(*pool.map(greet, ["Ada", "Grace"]), sep="\n")
