import sys

from spacecall import AppError, DeadlineError, InvalidInputError, SyncSpace, Timeouts

with SyncSpace(sys.argv[1]) as space:
    try:
        space.call("/divide", a=1, b=0).result()
    except AppError as error:
        print(error.message)

    call = space.call("/work", seconds=5)
    try:
        call.with_options(timeouts=Timeouts(total=0.5)).result()
    except DeadlineError as error:
        print(error.message)

    try:
        space.call("/divide", a="1").result()
    except InvalidInputError as error:
        print(error.message)
