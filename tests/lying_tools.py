"""Tools that lie: the stand-in with one thing changed, which someone should notice.

A lie is a function of the stand-in's module, which it changes before it runs. A liar is one
executable file that holds the stand-in's source, this file's, and the name of its lie, so that it
runs wherever the stand-in runs: here, and on a phone of the lab. Only the standard library may be
imported at the top of this file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

Lie = Callable[[Any], None]

# What starts Python on a phone of the lab; here it is the one that runs the tests.
ON_A_PHONE = "/usr/bin/env python3"

_LIAR = """#!{interpreter}
import sys
import types


def load(name, source):
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(source, name, "exec"), module.__dict__)
    return module


tool = load("tool", {tool!r})
tool.another_model = {another_model!r}
load("lies", {lies!r}).{lie}(tool)
sys.exit(tool.main())
"""


def write_liar(
    path: Path, lie: Lie, *, another_model: bytes = b"", interpreter: str = sys.executable
) -> Path:
    """Writes a tool that tells this lie. `another_model` is a file that some of them run."""
    root = Path(__file__).parents[1]
    stand_in = root / "android_runner" / "litert_benchmark_model.py"
    text = _LIAR.format(
        interpreter=interpreter,
        tool=stand_in.read_text(encoding="utf-8"),
        lies=Path(__file__).read_text(encoding="utf-8"),
        another_model=another_model,
        lie=lie.__name__,
    )
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def tells_the_truth(tool: Any) -> None:
    """No lie, for a comparison."""


def ignores_threads(tool: Any) -> None:
    """Does not know the flag, and so does not repeat it."""
    tool.sys.argv = [word for word in tool.sys.argv if not word.startswith("--num_threads=")]


def runs_with_other_threads(tool: Any) -> None:
    """Repeats the number that was asked for, and runs with another one."""
    honest = tool.load_model

    def load_model(command_line: Any) -> Any:
        other = 2 if command_line.settings.num_threads == 1 else 1
        return honest(_with(command_line, num_threads=other))

    tool.load_model = load_model


def falls_back(tool: Any) -> None:
    """Runs on built-in kernels, and says so as the official tool does."""
    honest = tool.load_model

    def load_model(command_line: Any) -> Any:
        return honest(_with(command_line, use_xnnpack=False))

    tool.load_model = load_model


def falls_back_silently(tool: Any) -> None:
    """Runs on built-in kernels, and says nothing about delegates."""
    falls_back(tool)
    tool._report_delegation = lambda *_: None


def falls_back_and_denies_it(tool: Any) -> None:
    """Runs on built-in kernels, and says that XNNPACK has all of them."""
    falls_back(tool)
    text = (
        "Explicitly applied XNNPACK delegate, and the model graph will be completely executed by "
        "the delegate."
    )
    tool._report_delegation = lambda *_: tool._info(text)


def runs_another_model(tool: Any) -> None:
    """Loads another file than the one that was asked for; its log is of that file."""
    another = f"--graph={_path_of_another_model(tool)}"
    tool.sys.argv = [another if word.startswith("--graph=") else word for word in tool.sys.argv]


def runs_another_model_and_denies_it(tool: Any) -> None:
    """Loads another file, and speaks of the one that was asked for, also of its size."""
    honest_load, honest_info = tool.load_model, tool._info
    another = _path_of_another_model(tool)

    def load_model(command_line: Any) -> Any:
        asked = command_line.settings.graph
        tool._info = lambda text: honest_info(text.replace(another, asked))
        return honest_load(_with(command_line, graph=another))

    tool.load_model = load_model


def prints_warmup_twice(tool: Any) -> None:
    """Prints the line of the warm-up in the place of the other one; the summary is right."""
    honest, lines = tool.count_line, []

    def count_line(durations_us: Any) -> Any:
        lines.append(honest(durations_us))
        return lines[0]

    tool.count_line = count_line


def reports_warmup_twice(tool: Any) -> None:
    """Gives the warm-up for the timed runs, in the summary too."""
    prints_warmup_twice(tool)
    honest, phases = tool.run_phase, []

    def run_phase(*arguments: Any) -> Any:
        phases.append(honest(*arguments))
        return phases[0]

    tool.run_phase = run_phase


def reports_zero(tool: Any) -> None:
    """Every run took no time at all."""
    _scale_times(tool, lambda _: 0)


def reports_a_tenth(tool: Any) -> None:
    """Every run took a tenth of its time; all numbers agree with that."""
    _scale_times(tool, lambda duration_us: duration_us // 10)


def answers_zeros(tool: Any) -> None:
    """Writes as many zeros as the answer has bytes."""
    honest = tool.run_benchmark

    def run_benchmark(arguments: Any) -> None:
        honest(arguments)
        file = tool.parse_command_line(arguments).settings.output_filepath
        if file:
            Path(file).write_bytes(bytes(Path(file).stat().st_size))

    tool.run_benchmark = run_benchmark


def answers_for_other_inputs(tool: Any) -> None:
    """Feeds the model its inputs backwards, which are as valid."""
    honest = tool.make_inputs
    tool.make_inputs = lambda *arguments: [
        (index, data[..., ::-1].copy()) for index, data in honest(*arguments)
    ]


def writes_no_output(tool: Any) -> None:
    """Takes the flag and writes no file."""
    honest = tool.run_benchmark

    def run_benchmark(arguments: Any) -> None:
        honest(arguments)
        file = tool.parse_command_line(arguments).settings.output_filepath
        if file:
            Path(file).unlink()

    tool.run_benchmark = run_benchmark


def ignores_runs(tool: Any) -> None:
    """Repeats the number of runs that was asked for, and makes half as many."""
    honest = tool.run_phase

    def run_phase(
        interpreter: Any, inputs: Any, settings: Any, min_runs: int, _min_s: float
    ) -> Any:
        return honest(interpreter, inputs, settings, max(1, min_runs // 2), 0.0)

    tool.run_phase = run_phase


def ignores_a_flag(tool: Any) -> None:
    """Does not know `--num_runs`, as the official tool says it of a flag that it does not know."""
    honest = tool.parse_command_line

    def parse_command_line(arguments: Any) -> Any:
        unknown = tuple(word for word in arguments if word.startswith("--num_runs="))
        command_line = honest([word for word in arguments if word not in unknown])
        return replace(command_line, unconsumed=(*command_line.unconsumed, *unknown))

    tool.parse_command_line = parse_command_line


def _with(command_line: Any, **settings: Any) -> Any:
    """The command line as if these flags had been given."""
    return replace(
        command_line,
        settings=replace(command_line.settings, **settings),
        given=command_line.given | set(settings),
    )


def _path_of_another_model(tool: Any) -> str:
    """A file in memory, which needs no place on a disk."""
    descriptor = tool.os.memfd_create("model")
    tool.os.write(descriptor, tool.another_model)
    return f"/proc/self/fd/{descriptor}"


def _scale_times(tool: Any, scale: Callable[[int], int]) -> None:
    honest_phase, honest_line = tool.run_phase, tool.count_line

    def run_phase(*arguments: Any) -> Any:
        phase = honest_phase(*arguments)
        return replace(phase, durations_us=tuple(map(scale, phase.durations_us)))

    tool.run_phase = run_phase
    tool.count_line = lambda durations_us: honest_line([scale(us) for us in durations_us])


ALL: tuple[Lie, ...] = (
    ignores_threads,
    runs_with_other_threads,
    falls_back,
    falls_back_silently,
    falls_back_and_denies_it,
    runs_another_model,
    runs_another_model_and_denies_it,
    prints_warmup_twice,
    reports_warmup_twice,
    reports_zero,
    reports_a_tenth,
    answers_zeros,
    answers_for_other_inputs,
    writes_no_output,
    ignores_runs,
    ignores_a_flag,
)
