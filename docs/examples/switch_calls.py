import sys

from spacecall import SyncSpace

with SyncSpace(sys.argv[1]) as space:
    print(space.call("/greet", name="Ada").result())
    print(space.call("/greet", name="Ada", greeting="Good morning", excited=True).result())
