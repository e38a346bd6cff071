"""The model server, asked over HTTP as another program would: needs requirements-scale.txt."""

# %% Start it on a free port of this machine; it says where it listens.
import json
import re
import subprocess
import sys
from urllib.request import Request, urlopen

command = [sys.executable, "-m", "bst", "serve", "--bundle", "demo", "--port", "0"]
server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
assert server.stderr
first_line = server.stderr.readline()
address = re.search(r"http://[\d.:]+", first_line)
if not address:
    sys.exit(first_line + server.stderr.read())


def ask(path: str, body: dict) -> dict:
    """Return the answer to a question."""
    question = Request(f"{address[0]}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(question, timeout=60) as answer:
        return json.load(answer)


# %% A visitor as JSON: what is known of them, and what they watched.
visitor = {
    "demographics": {"sex": "F", "age": 25},
    "history": [{"title": "Casablanca (1942)", "rating": 4}, {"title": "Alien (1979)", "rating": 5}],
}
try:
    for row in ask("/v1/recommend", {"visitor": visitor, "k": 3})["recommendations"]:
        print(f"{row['rank']}  {row['expected_rating']:.2f} ★  {row['title']}")

    # %% Some movies of your own choice, and why one of them.
    for row in ask("/v1/predict", {"visitor": visitor, "candidates": ["Brazil (1985)", "M"]})["predictions"]:
        print(f"{row['expected_rating']:.2f} ★  {row['title']}")
    print(ask("/v1/explain", {"visitor": visitor, "candidate": "Brazil (1985)"})["sentence"])
finally:
    server.terminate()
    server.wait()
