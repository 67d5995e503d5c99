import logging
import sys

from spacecall import SyncSpace

logging.basicConfig(format="%(name)s %(levelname)s %(message)s", stream=sys.stdout)
logging.getLogger("spacecall.http").setLevel(logging.DEBUG)

with SyncSpace(sys.argv[1]) as space:
    print(space.call("/greet", name="Ada").result())
