"""What Blocks can be: chains, events, updates, pages, hidden parts."""
import time

import gradio as gr
from registry import V, demo, endpoint

UNDOCUMENTED = {"api_visibility": "undocumented"} if V >= (6, 0) else {"show_api": False}
PRIVATE = {"api_visibility": "private"} if V >= (6, 0) else {"api_name": False}


@demo()
def flip_tabs():
    with gr.Blocks(title="Flip") as app:
        with gr.Tab("Text"):
            text, out = gr.Textbox(), gr.Textbox()
            gr.Button("Flip").click(lambda text: (text or "")[::-1], text, out, api_name="flip")
        with gr.Tab("Number"), gr.Accordion("More", open=False):
            number, result = gr.Number(1), gr.Number()
            gr.Button("Flip").click(lambda number: -(number or 0), number, result, api_name="flip")
    return app


@demo()
def chained_steps():
    with gr.Blocks() as app:
        text, middle, end = gr.Textbox(label="Text"), gr.Textbox(label="Middle"), gr.Textbox(label="End")
        first = gr.Button().click(lambda text: f"{text} 1", text, middle, api_name="first")
        second = first.then(lambda text: f"{text} 2", middle, end, api_name="second")
        second.success(lambda: "done", None, text, api_name="third")
        first.failure(lambda: "failed", None, end, api_name="rescue") if hasattr(first, "failure") else None
    return app


@demo()
def twin_names():
    with gr.Blocks() as app:
        text, out = gr.Textbox("t", label="Text"), gr.Textbox(label="Out")
        for number in range(3):
            def run(text, number=number):
                return f"{number} {text}"
            gr.Button().click(run, text, out)
            gr.Button().click(run, text, out, api_name="same name")
        gr.Button().click(lambda text: "upper", text, out, api_name="RUN")
        gr.Button().click(lambda text: "dotted", text, out, api_name="v1.0/run")
        gr.Button().click(lambda text: "class", text, out, api_name="class")
    return app


@demo()
def adaptive_form():
    with gr.Blocks() as app:
        kind = gr.Radio(["short", "long", "none"], value="short", label="Kind")
        text = gr.Textbox("draft", label="Essay")
        def change(kind):
            if kind == "none":
                return gr.Textbox(visible=False)
            return gr.Textbox(lines=8 if kind == "long" else 2, visible=True, value=f"{kind} essay")
        kind.change(change, kind, text)
        endpoint(lambda: gr.update(value="set"), None, text, "update")
        endpoint(lambda: gr.update(interactive=False), None, text, "freeze")
        endpoint(lambda: gr.update(value=None), None, text, "empty")
    return app


@demo()
def dependent_choices():
    with gr.Blocks() as app:
        country = gr.Dropdown(["France", "Japan"], value="France", label="Country")
        city = gr.Dropdown(["Paris", "Lyon"], label="City")
        cities = {"France": ["Paris", "Lyon"], "Japan": ["Tokyo", "Osaka"]}
        def choose(country):
            return gr.Dropdown(choices=cities.get(country, []), value=cities.get(country, [None])[0])
        country.change(choose, country, city, api_name="choose")
        endpoint(lambda country, city: f"{city}, {country}", [country, city], gr.Textbox(), "describe")
    return app


@demo()
def listeners():
    with gr.Blocks() as app:
        text, out = gr.Textbox(label="Text"), gr.Textbox(label="Out")
        group = gr.CheckboxGroup(["a", "b"], label="Group")
        def heard(value):
            return f"heard {value}"
        text.change(heard, text, out, api_name="changed")
        text.submit(heard, text, out, api_name="submitted")
        text.input(heard, text, out, api_name="typed")
        text.blur(heard, text, out, api_name="left")
        def selected(event: gr.SelectData):
            return f"selected {event.value} at {event.index}"
        group.select(selected, None, out, api_name="selected")
        gr.on([text.submit, group.change], lambda text, group: f"{text} {group}", [text, group], out, api_name="either")
        app.load(lambda: "loaded", None, out, api_name="opened")
        gr.on(None, lambda text: f"any of {text}", text, out, api_name="whenever") if V >= (5, 0) else None
    return app


@demo()
def clear_and_copy():
    with gr.Blocks() as app:
        text, number = gr.Textbox("x", label="Text"), gr.Number(1, label="Number")
        clear = gr.ClearButton([text, number])
        clear.click(lambda: None, None, None, api_name="cleared")
        gr.DuplicateButton()
        gr.Button("Alert").click(None, text, None, js="(text) => alert(text)")
        gr.Button("Both").click(lambda text: f"{text} python", text, text, js="(text) => text + ' js'", api_name="both")
    return app


@demo(since=(5, 0))
def painted_later():
    with gr.Blocks() as app:
        count = gr.Slider(0, 3, 2, step=1, label="Count")
        total = gr.Number(label="Total")
        @gr.render(inputs=count)
        def paint(count):
            boxes = [gr.Textbox(key=number) for number in range(int(count))]
            gr.Button("Join").click(lambda *texts: len(texts), boxes, total, api_name="join")
        endpoint(lambda count: count * 2, count, total, "double")
    return app


@demo()
def clockwork():
    with gr.Blocks() as app:
        timer, out = gr.Timer(60, active=False), gr.Textbox(label="Out")
        timer.tick(lambda: "tick", None, out, api_name="tick")
        endpoint(lambda timer: f"{timer}", timer, out, "interval")
        endpoint(lambda: gr.Timer(active=True), None, timer, "start")
    return app


@demo()
def partial_answers():
    with gr.Blocks() as app:
        first, second, third = gr.Textbox("1", label="First"), gr.Textbox("2", label="Second"), gr.Number(label="Third")
        endpoint(lambda: {second: "only the second"}, None, [first, second, third], "by_component")
        endpoint(lambda: (gr.skip() if hasattr(gr, "skip") else gr.update(), "changed", 3), None, [first, second, third], "skipped")
        endpoint(lambda values: f"{values[first]} {values[second]}", {first, second}, third and gr.Textbox(label="Set"), "by_set")
        def growing():
            yield {first: "a"}
            yield {second: "b"}
            yield {first: "c", third: 3}
        endpoint(growing, None, [first, second, third])
        endpoint(lambda: [], None, [], "empty_lists")
        endpoint(lambda: ["one of one"], None, [first], "list_of_one")
        endpoint(lambda: ("a", "b"), None, [first, second], "tuple")
    return app


@demo()
def layout_targets():
    with gr.Blocks() as app:
        with gr.Tabs() as tabs:
            with gr.Tab("One", id=1):
                text = gr.Textbox(label="Text")
            with gr.Tab("Two", id=2) as second:
                out = gr.Textbox(label="Out")
        with gr.Column(visible=False) as column, gr.Accordion("More", open=False) as accordion, gr.Row() as row, gr.Group() as group:
            gr.Markdown("hidden")
        endpoint(lambda text: (gr.Tabs(selected=2), text), text, [tabs, out], "go")
        endpoint(lambda: (gr.Column(visible=True), gr.Accordion(open=True), gr.Row(visible=False), gr.Group(visible=True), "shown"), None, [column, accordion, row, group, out], "show")
        endpoint(lambda: gr.Column(visible=True), None, column, "only_layout")
        second.select(lambda: "two is selected", None, out, api_name="selected")
    return app


@demo()
def hidden_parts():
    with gr.Blocks() as app:
        seen, unseen = gr.Textbox("s", label="Seen"), gr.Textbox("u", label="Unseen", visible=False)
        endpoint(lambda seen, unseen: (f"{seen}{unseen}", f"{unseen}{seen}"), [seen, unseen], [seen, unseen], "swap")
        button, markdown = gr.Button("Press", visible=False), gr.Markdown("text", visible=False)
        endpoint(lambda button, markdown: f"{button} {markdown}", [button, markdown], unseen, "buttons")
        endpoint(lambda: gr.Button("Renamed"), None, button, "rename")
        endpoint(lambda seen: seen, seen, unseen, "undocumented", **UNDOCUMENTED)
        gr.Button().click(lambda seen: seen, seen, unseen, **PRIVATE)
    return app


@demo()
def messages_on_the_way():
    with gr.Blocks() as app:
        text, out = gr.Textbox("go", label="Text"), gr.Textbox(label="Out")
        def inform(text):
            gr.Info(f"<b>info</b> {text}")
            gr.Warning("warning")
            return text
        endpoint(inform, text, out)
        def advance(text, progress=gr.Progress()):
            progress(0, desc="Starting")
            for _ in progress.tqdm(range(3), desc="Working", unit="steps"):
                time.sleep(0.01)
            return f"{text} done"
        endpoint(advance, text, out)
        def watch(text, progress=gr.Progress(track_tqdm=True)):
            progress((1, 2), unit="parts")
            yield "half"
            yield f"{text} whole"
        endpoint(watch, text, out)
    return app


@demo()
def mistakes():
    with gr.Blocks() as app:
        text, out = gr.Textbox("x", label="Text"), gr.Textbox(label="Out")
        def refuse(text):
            raise gr.Error(f"<i>not</i> {text}", duration=3)
        endpoint(refuse, text, out)
        def fail(text):
            raise ValueError(f"wrong: {text}")
        endpoint(fail, text, out)
        def silent():
            raise RuntimeError
        endpoint(silent, None, out)
        def late():
            yield "a"
            yield "ab"
            raise gr.Error("broke off")
        endpoint(late, None, out)
        endpoint(lambda: 1, None, [text, out], "too_few")
        endpoint(lambda: (1, 2), None, out, "too_many")
        endpoint(lambda: "x", None, gr.Number(), "wrong_kind")
        def titled():
            raise gr.Error("with a title", title="Oh no") if V >= (5, 0) else gr.Error("with a title")
        endpoint(titled, None, out)
    return app


@demo()
def stoppable():
    with gr.Blocks() as app:
        out = gr.Textbox(label="Out")
        def slow():
            for number in range(3):
                time.sleep(0.02)
                yield f"step {number}"
        run = gr.Button().click(slow, None, out, api_name="slow")
        gr.Button("Stop").click(None, None, None, cancels=[run])
        gr.Button("Stop and say").click(lambda: "stopped", None, out, cancels=[run], api_name="stop")
    return app


@demo()
def queue_options():
    with gr.Blocks() as app:
        text, out = gr.Textbox("q", label="Text"), gr.Textbox(label="Out")
        endpoint(lambda text: f"at once {text}", text, out, "direct", queue=False)
        endpoint(lambda text: f"shared {text}", text, out, "shared", concurrency_id="pool", concurrency_limit=2)
        endpoint(lambda text: f"also shared {text}", text, out, "also_shared", concurrency_id="pool")
        endpoint(lambda text: f"unlimited {text}", text, out, "unlimited", concurrency_limit=None)
        endpoint(lambda text: f"once {text}", text, out, "once", trigger_mode="once", show_progress="hidden")
    return app


@demo(since=(5, 49))
def checked_first():
    with gr.Blocks() as app:
        age, name = gr.Number(30, label="Age"), gr.Textbox("ann", label="Name")
        def validate(age, name):
            return gr.validate(age is not None and age >= 18, "too young"), gr.validate(bool(name), "needs a name")
        endpoint(lambda age, name: f"{name} is {age}", [age, name], gr.Textbox(), "register", validator=validate)
    return app


@demo(since=(5, 0))
def two_pages():
    with gr.Blocks() as app:
        text, out = gr.Textbox("p", label="Text"), gr.Textbox(label="Out")
        endpoint(lambda text: f"first page {text}", text, out, "first")
    with app.route("Second", "/second"):
        other, number = gr.Number(2, label="Number"), gr.Number(label="Out")
        endpoint(lambda value: value * 2, other, number, "second")
    return app


@demo()
def nested_blocks():
    outside = gr.Textbox("outside", label="Outside")
    inner = gr.Interface(lambda text: f"inner {text}", "text", "text", api_name="inner")
    with gr.Blocks() as app:
        with gr.Row():
            outside.render()
        inner.render()
        endpoint(lambda text: f"outer {text}", outside, gr.Textbox(), "outer")
    return app


@demo(since=(6, 0))
def guided():
    with gr.Blocks() as app:
        with gr.Walkthrough(selected=1) as walk:
            with gr.Step("One", id=1):
                text = gr.Textbox("w", label="Text")
            with gr.Step("Two", id=2):
                out = gr.Textbox(label="Out")
        endpoint(lambda text: (gr.Walkthrough(selected=2), f"step two {text}"), text, [walk, out], "advance")
        with gr.Sidebar() as bar:
            page = gr.HTML(value="<p>hi</p>")
        endpoint(lambda: (gr.Sidebar(open=False), "<p>bye</p>"), None, [bar, page], "fold")
        endpoint(lambda talk: talk, gr.Dialogue(speakers=["Ann", "Bob"], label="Talk"), gr.Textbox(), "talk")
        endpoint(lambda: [{"speaker": "Ann", "text": "hi"}], None, gr.Dialogue(speakers=["Ann", "Bob"]), "script")
    return app


@demo()
def default_values():
    with gr.Blocks() as app:
        made = gr.Textbox(value=lambda: "computed", label="Made")
        empty, zero, false = gr.Textbox("", label="Empty"), gr.Number(0, label="Zero"), gr.Checkbox(False, label="False")
        picked, many = gr.Dropdown(["a", "b"], label="Picked"), gr.CheckboxGroup(["a", "b"], label="Many")
        def show(made, empty, zero, false, picked, many):
            return f"{made!r} {empty!r} {zero!r} {false!r} {picked!r} {many!r}"
        endpoint(show, [made, empty, zero, false, picked, many], gr.Textbox())
        def signature(made="from the function", zero=5, *, false=True):
            return f"{made!r} {zero!r} {false!r}"
        endpoint(signature, [gr.Textbox(label="A"), gr.Number(label="B")], gr.Textbox())
    return app


@demo()
def odd_parameters():
    with gr.Blocks() as app:
        a, b, out = gr.Textbox("a", label="Same label"), gr.Textbox("b", label="Same label"), gr.Textbox(label="🎉 Out!")
        endpoint(lambda *args: " ".join(args), [a, b], out, "varargs")
        endpoint(lambda self, cls: f"{self} {cls}", [a, b], out, "self_and_cls")
        endpoint(lambda timeout, headers: f"{timeout} {headers}", [a, b], out, "like_options")
        endpoint(lambda endpoint, name: f"{endpoint} {name}", [a, b], out, "like_call")
        endpoint(lambda _x, __y: f"{_x} {__y}", [a, b], out, "underscores")
        endpoint(lambda größe, 名前: f"{größe} {名前}", [a, b], out, "letters")
        endpoint(lambda model_config, json: f"{model_config} {json}", [a, b], out, "like_pydantic")
        endpoint(lambda a, b: (a, b), [a, b], [out, gr.Textbox(label="🎉 Out!")], "same_outputs")
        endpoint(lambda a, b: (a, b), [a, b], [gr.Textbox(label="index"), gr.Textbox(label="count")], "tuple_fields")
        endpoint(lambda a, b: (a, b), [a, b], [gr.Textbox(label=""), gr.Textbox(show_label=False)], "no_labels")
    return app
