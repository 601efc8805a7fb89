"""`callout doctor`."""

import argparse

import msgspec

from local.doctor.examine import examine
from local.doctor.findings import Finding, State
from local.doctor.patient import patient


async def doctor(arguments: argparse.Namespace) -> None:
    """Ends with 1 where something is wrong; warnings alone are no reason to."""
    found = await examine(patient(arguments.data))
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        for finding in found:
            print(_line(finding))
    if any(finding.state is State.WRONG for finding in found):
        raise SystemExit(1)


def _line(finding: Finding) -> str:
    line = f"{finding.state:<8} {finding.about:<13} {finding.service or '':<12} {finding.says}"
    return f"{line}\n{'':<8} {'':<13} {'':<12} → {finding.do}" if finding.do else line
