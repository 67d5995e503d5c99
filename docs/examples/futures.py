import sys
from concurrent.futures import wait

from spacecall import SyncSpace

with SyncSpace(sys.argv[1]) as space:
    futures = [space.call("/work", seconds=seconds).submit() for seconds in (0.9, 0.3, 0.6)]
    wait(futures)  # or as_completed(futures), each when it is done
    for future in futures:
        print(future.result())

    future = space.call("/work", seconds=60).submit()
    try:
        future.result(timeout=0.5)
    except TimeoutError:
        print("cancelled:", future.cancel())
