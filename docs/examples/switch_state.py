import sys

from spacecall import SyncSpace

with SyncSpace(sys.argv[1]) as space:
    print(space.call("/note", item="milk").result())
    print(space.call("/note", item="bread").result())

    with space.session() as session:
        print(session.call("/note", item="milk").result())
        print(session.call("/note", item="bread").result())
