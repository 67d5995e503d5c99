"""State of sessions, logins, requests."""
import gradio as gr
from registry import V, demo, endpoint


@demo()
def shopping_cart():
    with gr.Blocks() as app:
        cart, item, out = gr.State([]), gr.Textbox("apple", label="Item"), gr.JSON(label="Cart")
        def add(item, cart):
            cart = [*cart, item]
            return cart, cart
        endpoint(add, [item, cart], [cart, out])
        endpoint(lambda cart: ([], f"removed {len(cart)}"), cart, [cart, gr.Textbox()], "clear")
        endpoint(lambda cart: len(cart), cart, gr.Number(), "count")
        cart.change(lambda cart: f"now {len(cart)}", cart, gr.Textbox(label="Size"), api_name="cart_changed")
    return app


@demo()
def counters_in_the_middle():
    with gr.Blocks() as app:
        state, other = gr.State(0), gr.State({"calls": 0})
        before, after = gr.Textbox("b", label="Before"), gr.Textbox("a", label="After")
        def step(before, state, after, other):
            other = {"calls": other["calls"] + 1}
            return state + 1, f"{before} {state}", other, f"{after} {other['calls']}"
        endpoint(step, [before, state, after, other], [state, before, other, after])
        endpoint(lambda state: state * 10, state, state, "only_state")
    return app


@demo()
def guessing_game():
    with gr.Blocks() as app:
        secret, tries = gr.State(7), gr.State(0)
        def guess(number, secret, tries):
            verdict = "right" if number == secret else "higher" if number is None or number < secret else "lower"
            return f"{verdict} after {tries + 1}", tries + 1
        endpoint(guess, [gr.Number(5, label="Guess"), secret, tries], [gr.Textbox(), tries])
    return app


@demo()
def expiring_state():
    with gr.Blocks() as app:
        words = gr.State(list, time_to_live=3600, delete_callback=lambda words: None)
        def remember(word, words):
            words.append(word)
            return words, " ".join(words)
        endpoint(remember, [gr.Textbox("w", label="Word"), words], [words, gr.Textbox()])
    return app


@demo(since=(5, 6))
def browser_memory():
    with gr.Blocks() as app:
        stored = gr.BrowserState(["a", 1], storage_key="demo", secret="fixed")
        endpoint(lambda word, stored: ([*stored, word], f"{stored}"), [gr.Textbox("w", label="Word"), stored], [stored, gr.Textbox()], "store")
        empty = gr.BrowserState()
        endpoint(lambda empty: f"{empty}", empty, gr.Textbox(), "read")
    return app


@demo()
def about_the_request():
    with gr.Blocks() as app:
        def who(text, request: gr.Request):
            return f"{text} {request.username} {sorted(dict(request.query_params))} {bool(request.session_hash)}"
        endpoint(who, gr.Textbox("t", label="Text"), gr.Textbox())
        endpoint(lambda request=None: f"{request}", None, gr.Textbox(), "default_request")
    return app


@demo(auth=[("ann", "secret"), ("bob", "geheim")])
def locked():
    with gr.Blocks() as app:
        def greet(text, request: gr.Request):
            return f"{request.username}: {text}"
        endpoint(greet, gr.Textbox("t", label="Text"), gr.Textbox())
        visits = gr.State(0)
        endpoint(lambda visits: (visits + 1, visits + 1), visits, [visits, gr.Number()], "visit")
        endpoint(lambda file: file, gr.File(label="File"), gr.File(), "file")
    return app


@demo()
def tic_tac_toe():
    with gr.Blocks() as app:
        turn, board = gr.State("X"), gr.Dataframe([["", "", ""]] * 3, interactive=False, type="array", col_count=(3, "fixed"), label="Board") if V < (6, 0) else gr.Dataframe([["", "", ""]] * 3, interactive=False, type="array", column_count=3, label="Board")
        def play(board, turn, row, column):
            board = [list(line) for line in board]
            board[int(row)][int(column)] = turn
            return board, "O" if turn == "X" else "X", f"{turn} played"
        rows = [gr.Slider(0, 2, 0, step=1, label="Row"), gr.Slider(0, 2, 1, step=1, label="Column")]
        endpoint(play, [board, turn, *rows], [board, turn, gr.Textbox(label="Said")])
    return app
