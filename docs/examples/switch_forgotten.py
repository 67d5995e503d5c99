import sys
import warnings

from spacecall import SyncSpace

with SyncSpace(sys.argv[1]) as space, warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    space.call("/greet", name="Ada")  # nothing is sent
    print(caught[0].message)
