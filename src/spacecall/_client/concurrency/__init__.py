"""Tasks, threads and lifetimes: who runs the work of a Space, and when it ends."""
