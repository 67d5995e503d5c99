import sys

from spacecall import SyncSpace

with SyncSpace(sys.argv[1]) as space:
    print(space.call("/greet", name="Ada").result())

    with space.call("/count", to=3) as job:
        for piece in job.text:
            print(piece, end="", flush=True)
    print()

    size, turned = space.call("/turn", image="flag.png", degrees=90).result()
    print(size, space.save(turned, "turned.png"))
