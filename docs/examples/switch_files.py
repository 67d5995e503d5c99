import sys

from spacecall import SyncSpace

with SyncSpace(sys.argv[1]) as space:
    size, image = space.call("/turn", image="flag.png", degrees=90).result()
    print(size, image.name)
    print(space.save(image, "turned.png"))
