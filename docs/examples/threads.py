import sys
from concurrent.futures import ThreadPoolExecutor

from spacecall import SyncSpace

with SyncSpace(sys.argv[1]) as space, ThreadPoolExecutor() as pool:

    def greet(name: str) -> str:
        greeting: str = space.call("/greet", name=name).result()
        return greeting

    for line in pool.map(greet, ["Ada", "Grace", "Edsger"]):
        print(line)
