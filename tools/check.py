# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds everything with warnings as errors and runs every test.

Each result is one line; a failed one is followed by what it said. The last line is "N passed, N failed" (and how many
were skipped), and the exit status is 0 only when something passed and nothing failed. Logs are kept in build/check.
"""

import argparse
import collections
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get('BULKHEAD_BUILD', TOP / 'build'))
LOGS = BUILD / 'check'
TOOLS = TOP / 'tools'

# How much of a failed program's last words is shown; all of it is in the log.
LINES_SHOWN = 80

RESULT = re.compile(r'(not )?ok\b *\d* *-? *(.*?)(?: # *(SKIP|TODO)\b *(.*))?$', re.IGNORECASE)
PLAN = re.compile(r'1\.\.(\d+)')


class Report:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.began = time.monotonic()

    def good(self, name):
        self.passed += 1
        print(f'ok    {name}', flush=True)

    def skip(self, name, why):
        self.skipped += 1
        print(f'skip  {name}: {why}', flush=True)

    def bad(self, name, lines=()):
        self.failed += 1
        print(f'FAIL  {name}', flush=True)
        for line in lines:
            print(f'      | {line}', flush=True)

    def heading(self, text):
        print(f'== {text} ({time.monotonic() - self.began:.0f} s)', flush=True)

    def close(self):
        skipped = f', {self.skipped} skipped' if self.skipped else ''
        print(f'{self.passed} passed, {self.failed} failed{skipped}', flush=True)
        return 0 if self.passed and not self.failed else 1


class Program:
    """One program that is run with a bound on its time; its output, both kinds, goes to a log and is read by line."""

    def __init__(self, name, command, seconds, **kwargs):
        self.log = LOGS / (re.sub(r'[^\w.-]+', '-', name) + '.log')
        self.command = [str(word) for word in command]
        self.seconds = seconds
        self.status = None
        self.last = collections.deque(maxlen=LINES_SHOWN)
        self.kwargs = kwargs

    def lines(self):
        # timeout(1) makes a process group and ends all of it, so nothing that the program started stays behind.
        command = ['timeout', '--kill-after=30', str(self.seconds), *self.command]
        with self.log.open('w') as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True, errors='replace', **self.kwargs)
            try:
                for line in process.stdout:
                    log.write(line)
                    log.flush()
                    self.last.append(line.rstrip('\n'))
                    yield line.rstrip('\n')
                self.status = process.wait()
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()

    def why(self):
        if self.status == 124:
            return f'it took more than {self.seconds} seconds'
        if self.status < 0:
            return f'it was ended by {signal.Signals(-self.status).name}'
        if self.status > 128 and self.status - 128 in set(signal.Signals):
            return f'it was ended by {signal.Signals(self.status - 128).name}'
        return f'it ended with status {self.status}'


def run_step(report, name, command, seconds, **kwargs):
    """A program whose exit status is its result (77: skipped)."""
    program = Program(name, command, seconds, **kwargs)
    for _ in program.lines():
        pass
    if program.status == 0:
        report.good(name)
    elif program.status == 77:
        report.skip(name, program.last[-1] if program.last else 'it says it cannot run here')
    else:
        report.bad(name, [*program.last, program.why(), f'log: {program.log}'])
    return program.status == 0


def run_tap(report, name, command, seconds, **kwargs):
    """A program that prints the Test Anything Protocol: each of its results counts."""
    program = Program(name, command, seconds, **kwargs)
    planned = None
    seen = 0
    failed = None
    said = collections.deque(maxlen=LINES_SHOWN)

    # What belongs to a failed result may stand before it (GLib) or after it (our scripts); show both.
    def settle():
        nonlocal failed
        if failed is not None:
            report.bad(failed, said)
            failed = None
        said.clear()

    for line in program.lines():
        result = RESULT.match(line)
        plan = PLAN.match(line)
        if result:
            bad, what, directive, why = result.groups()
            what = f'{name}: {what}'
            seen += 1
            if failed is not None or not bad:
                settle()
            if bad and (directive or '').upper() != 'TODO':
                failed = what
            elif (directive or '').upper() == 'SKIP':
                report.skip(what, why or 'no reason given')
            else:
                report.good(what)
        elif plan:
            planned = int(plan[1])
        else:
            said.append(line)
    had_failed = report.failed
    settle()
    # A program that reports a failure may also end with a status; one that reports none must end well.
    if program.status not in (0, 1):
        report.bad(f'{name}: ended well', [*program.last, program.why(), f'log: {program.log}'])
    elif program.status == 1 and report.failed == had_failed and not has_failures(program):
        report.bad(f'{name}: ended well', [*program.last, program.why(), f'log: {program.log}'])
    elif planned is None:
        report.bad(f'{name}: all results came', ['there is no plan in its output', f'log: {program.log}'])
    elif planned != seen:
        report.bad(f'{name}: all results came', [f'{planned} were announced, {seen} came', f'log: {program.log}'])
    elif seen == 0:
        report.bad(f'{name}: it tests something', ['it reported no result', f'log: {program.log}'])


def has_failures(program):
    return any(line.startswith('not ok') for line in program.log.read_text(errors='replace').splitlines())


def run_meson_tests(report, label, directory):
    listing = subprocess.run(['meson', 'introspect', '--tests', directory], check=True, capture_output=True, text=True)
    # A sanitizer's complaint ends the program, also where it would only warn.
    environment = dict(os.environ, ASAN_OPTIONS='abort_on_error=0:detect_leaks=1',
                       UBSAN_OPTIONS='halt_on_error=1:print_stacktrace=1', G_DEBUG='fatal-warnings')
    for test in json.loads(listing.stdout):
        run = run_tap if test['protocol'] == 'tap' else run_step
        # What a test takes is not the same on every machine, and under sanitizers it takes longer.
        run(report, f"{test['name']}{label}", test['cmd'], max(4 * test['timeout'], 120),
            cwd=test['workdir'] or directory, env={**environment, **test['env']})


def kernels(which):
    script = f'. "{TOOLS}/common.sh"; {which}'
    return subprocess.run(['bash', '-c', script], check=True, capture_output=True, text=True).stdout.split()


def main():
    parser = argparse.ArgumentParser(prog='tools/check', description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true', help='leave out what boots a board')
    arguments = parser.parse_args()
    # From outside we are ended by SIGTERM; leave by the ordinary way, which ends what was started.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))

    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    report = Report()

    report.heading('build')
    run_step(report, 'style', [TOOLS / 'style'], 300)
    programs = run_step(report, 'build: programs', [TOOLS / 'build', 'programs'], 900)
    sanitized = run_step(report, 'build: with sanitizers', [TOOLS / 'build', 'sanitized'], 900)
    available = kernels('kernels_available')
    built = []
    for series in kernels('kernel_series'):
        if series not in available:
            report.skip(f'kernel {series}', 'the package sources of this machine do not have it')
        elif (TOP / 'kmod').is_dir():
            if run_step(report, f'build: modules for kernel {series}', [TOOLS / 'build', 'modules', series], 600):
                built.append(series)
            run_step(report, f'sparse: modules for kernel {series}', [TOOLS / 'build', 'sparse', series], 600)
    staged = programs and run_step(report, 'build: what the board gets', [TOOLS / 'build', 'stage'], 300)

    report.heading('hosted tests')
    if programs:
        run_meson_tests(report, '', BUILD)
    if sanitized:
        run_meson_tests(report, ' (sanitized)', BUILD / 'sanitized')

    if staged and not arguments.quick:
        for series in built:
            report.heading(f'boards with kernel {series}')
            run_tap(report, f'board {series}', [TOP / 'tests/vm/run', '--kernel', series], 1500)
            run_step(report, f'demo {series}', [TOOLS / 'demo', '--kernel', series], 600)
        if os.access(TOP / 'bench/run', os.X_OK):
            report.heading('bench')
            run_step(report, 'bench: no figure got worse', [TOP / 'bench/run'], 1200)

    return report.close()


if __name__ == '__main__':
    sys.exit(main())
