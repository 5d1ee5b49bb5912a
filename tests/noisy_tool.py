"""A tool whose real output gets a known noise and a known slowdown.

The first time that it is asked for something it starts the stand-in and keeps what that printed
and wrote. From then on it prints the same with all times multiplied, within some hundredths of a
second: so hundreds of comparisons are possible, each of dozens of real processes. The noise is that
of a phone without root (`noise_model.P2`): an offset of the session, a slow drift, heavy tails, and
invocations on slower cores.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

STAND_IN = Path(__file__).parents[1] / "android_runner" / "litert_benchmark_model.py"

_SCRIPT = """#!{python} -IS
import hashlib, json, math, os, pathlib, random, re, subprocess, sys

FOLDER = pathlib.Path({folder!r})
SCALE, CHANGE, SEED = {scale!r}, {change!r}, {seed!r}
COUNT = re.compile(r"(first|curr|min|max|avg|std|p5|median|p95)=([0-9.e+]+)")
SUMMARY = re.compile(r"(Init|First inference|Warmup \\(avg\\)|Inference \\(avg\\)): ([0-9.e+]+)")

words = sys.argv[1:]
output = next((w.partition("=")[2] for w in words if w.startswith("--output_filepath=")), "")
graph = next((w.partition("=")[2] for w in words if w.startswith("--graph=")), "")
# Files of the same content have the same output, so that only the known slowdown is between them.
same = [w for w in words if w not in ("--output_filepath=" + output, "--graph=" + graph)]
content = pathlib.Path(graph).read_bytes() if graph else b""
kept = FOLDER / hashlib.sha256(repr(same).encode() + content).hexdigest()[:20]
if not kept.exists():
    argv = [sys.executable, "-P", {stand_in!r}, *words]
    done = subprocess.run(argv, capture_output=True, text=True)
    content = pathlib.Path(output).read_bytes().hex() if output else ""
    stdout = done.stdout.replace(graph, "GRAPH") if graph else done.stdout
    unfinished = FOLDER / "kept.part"
    unfinished.write_text(json.dumps([stdout, done.stderr, done.returncode, content]))
    unfinished.replace(kept)
stdout, stderr, code, content = json.loads(kept.read_text())
stdout = stdout.replace("GRAPH", graph)
if output:
    pathlib.Path(output).write_bytes(bytes.fromhex(content))

state = FOLDER / "state.json"
count, drift = json.loads(state.read_text()) if state.exists() else [0, 0.0]
draw = random.Random(f"{{SEED}} {{count}}")
session = 0.03 * random.Random(f"{{SEED}}").gauss(0, 1)
stay = math.exp(-12 / 600)
drift = drift * stay + 0.02 * math.sqrt(1 - stay * stay) * draw.gauss(0, 1)
unfinished = FOLDER / "state.part"  # the tool may be killed at any moment
unfinished.write_text(json.dumps([count + 1, drift]))
unfinished.replace(state)
tail = draw.gauss(0, 1) / math.sqrt(draw.gammavariate(2, 2) / 4) / math.sqrt(2)
noise = session + drift + 0.015 * tail + (math.log(1.2) if draw.random() < 0.02 else 0)
slower = 1 + CHANGE / 100 if "candidate" in os.path.basename(graph) else 1
factor = SCALE * slower * math.exp(noise)


def multiplied(match):
    name, text = match.groups()
    by = math.exp(session + drift + 0.015 * draw.gauss(0, 1)) if name == "Init" else factor
    value = float(text) * by
    shown = f"{{value:.6g}}" if "." in text else f"{{round(value)}}"
    return match[0][: -len(text)] + shown  # a number may stand in the name too: p95=95


stdout = COUNT.sub(multiplied, stdout)
print(SUMMARY.sub(multiplied, stdout), end="")
print(stderr, end="", file=sys.stderr)
sys.exit(code)
"""


def write_noisy_tool(folder: Path, *, change_percent: float, seed: int, scale: float) -> Path:
    """Writes a tool that is slower by `change_percent` with files whose names say `candidate`.

    `scale` multiplies all latencies: a small model's are too near to the tool's resolution of 1 us.
    """
    kept = folder / "kept"
    kept.mkdir(parents=True)
    tool = folder / "benchmark_model"
    tool.write_text(
        _SCRIPT.format(
            python=sys.executable,
            folder=str(kept),
            scale=scale,
            change=change_percent,
            seed=seed,
            stand_in=str(STAND_IN),
        ),
        encoding="utf-8",
    )
    tool.chmod(0o755)
    subprocess.run([tool, "--help"], capture_output=True, check=False)
    return tool
