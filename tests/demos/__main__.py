import time, sys, argparse, anyio, warnings
from tests import servers
from tests.demos.runner import run_apps
warnings.simplefilter("ignore")
p = argparse.ArgumentParser(); p.add_argument("--gradio", default="6.31.0"); p.add_argument("apps", nargs="*"); o = p.parse_args()
async def main(url):
    total = 0; t0=time.monotonic()
    async for r in run_apps(url, o.gradio, o.apps):
        total += r.calls
        print("==", round(time.monotonic()-t0,1), r.app, r.calls, len(r.differences), flush=True)
        for d in r.differences: print("  ", d, flush=True)
    print(total)
with servers.serve("demos/serve.py", o.gradio, args=["--only", ",".join(o.apps)] if o.apps else [], env={"QUEUE_PAUSE": "0.05"}) as s: anyio.run(main, s.url)
