"""A run in which every text that comes from outside tries to be something else."""

from __future__ import annotations

from dataclasses import replace

from factories import (
    make_device,
    make_facts,
    make_failure,
    make_file_case,
    make_info,
    make_measurement,
    make_record,
    make_run,
)

from harness.checks import PreflightCheck, Verdict
from harness.claim_ledger import load_claims
from harness.claims import judge_claims
from harness.measurement import OperatorTime, OutputComparison
from harness.plan import Case
from harness.record import Purpose, Record
from harness.summary import summarize
from reports.html import render_report
from reports.page import RunPage

# Each would show up in the page's tree, title, address or log, were it taken for markup.
ATTACKS = (
    "<script>console.error('attack')</script>",
    '"><img src=x onerror="console.error(1)">',
    "</title></style></script></pre><h6>attack</h6>",
    "$x^2$ {{ 7 * 7 }} {% raw %} & &amp; &lt;h6&gt;",
    "' onmouseover='console.error(1)",
    "\N{RIGHT-TO-LEFT OVERRIDE}]]>\x07-->😀漢字",
    "A" * 10_240,
)


def render_hostile_report() -> str:
    """The page of that run: on cases that were measured, and one that failed."""
    cases = [make_file_case(f"/m/{n}/{text}.tflite", model=text) for n, text in enumerate(ATTACKS)]
    failed = make_file_case("/m/failed.tflite", delegate=f"external:{ATTACKS[0]}")
    attack = ATTACKS[2]
    records = [
        make_record(
            case,
            round_,
            20 + 3 * n + 0.05 * round_,
            flags=(f"--graph=/m/{n}/{ATTACKS[n]}", f"--x={attack}"),
            stdout=f"{attack}.stdout",
            measurement=make_measurement(
                20 + 3 * n + 0.05 * round_,
                warnings=(ATTACKS[n],),
                sources={"threads": f"Num threads: [4]\n{ATTACKS[n]}"},
            ),
        )
        for n, case in enumerate(cases)
        for round_ in range(7)
    ]
    records += [make_failure(failed, n, kind=attack, message=ATTACKS[n]) for n in range(7)]
    records += _extra_records(cases[0])
    info = make_info(
        [*cases, failed],
        device=make_device(
            name=ATTACKS[4],
            model=ATTACKS[0],
            serial=ATTACKS[6],
            soc=attack,
            fingerprint=ATTACKS[1],
        ),
        models={
            case.model_id: make_facts(file=f"/m/{attack}", size_bytes=10_000_000 * (n + 1))
            for n, case in enumerate(cases)
        },
        versions={ATTACKS[1]: attack},
        created_at=attack,
        preflight=tuple(
            PreflightCheck(
                id=f"check-{text}",
                required=text,
                observed=text,
                verdict=Verdict.CONTRADICTED,
                allowed=True,
            )
            for text in ATTACKS
        ),
    )
    info = replace(info, plan=replace(info.plan, title=attack))
    result = summarize(replace(make_run(), info=info, records=tuple(records)))
    return render_report([RunPage(result=result, judgements=judge_claims(load_claims(), result))])


def _extra_records(case: Case) -> list[Record]:
    """An output check, a profile, and a sustained series."""
    output = OutputComparison(
        reference=ATTACKS[0],
        tolerance_percent=1.0,
        error_percent=2.0,
        observed=ATTACKS[1],
        expected=ATTACKS[2],
    )
    operators = tuple(
        OperatorTime(
            graph=f"graph {graph} {ATTACKS[graph]}",
            operator=text,
            nodes=1,
            average_ms=2.0,
            share_percent=10.0,
        )
        for graph in range(2)
        for text in ATTACKS
    )
    return [
        make_record(case, purpose=Purpose.OUTPUT, output=output),
        make_record(case, purpose=Purpose.OPERATORS, operators=operators),
        *(make_record(case, n, 20 + n, purpose=Purpose.SUSTAINED) for n in range(8)),
    ]
