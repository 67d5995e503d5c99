import sys

from spaces.workshop import SyncWorkshop

with SyncWorkshop.connect(sys.argv[1]) as workshop:
    print(workshop.greet(name="Ada", excited=True).result())
