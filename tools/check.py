# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds everything with warnings as errors and runs every test.

Each result is one line; a failed one is followed by what it said. The last line is "N passed, N failed"; before
it come how many were skipped and which tests failed on an emulated board and ran once more (tests/vm/run says why). The exit
status is 0 only when something passed and nothing failed. Logs are kept in build/check.
"""

import argparse
import collections
import concurrent.futures
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
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
    """What came out of everything; of several programs that run at once too."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.took = []
        self.again = []
        self.began = time.monotonic()
        self.lock = threading.Lock()

    def good(self, name):
        with self.lock:
            self.passed += 1
            print(f'ok    {name}', flush=True)

    def skip(self, name, why):
        with self.lock:
            self.skipped += 1
            print(f'skip  {name}: {why}', flush=True)

    def bad(self, name, lines=()):
        with self.lock:
            self.failed += 1
            print(f'FAIL  {name}', *(f'      | {line}' for line in lines), sep='\n', flush=True)

    def once_more(self, name, log):
        with self.lock:
            self.again.append(name)
            print(f'again {name}; what it said first: {log}', flush=True)

    def lines(self, program):
        """The program's, while it runs; how long it took is remembered."""
        began = time.monotonic()
        yield from program.lines()
        with self.lock:
            self.took.append((time.monotonic() - began, program.log.stem))

    def heading(self, text):
        print(f'== {text} ({time.monotonic() - self.began:.0f} s)', flush=True)

    def close(self):
        self.took.sort(reverse=True)
        (LOGS / 'took').write_text(''.join(f'{seconds:7.1f} {name}\n' for seconds, name in self.took))
        print('The longest:', ', '.join(f'{name} {seconds:.0f} s' for seconds, name in self.took[:10]))
        if self.again:
            print('On emulated boards these failed, and ran once more:', '; '.join(self.again))
        if self.skipped:
            print(f'{self.skipped} skipped')
        print(f'{self.passed} passed, {self.failed} failed', flush=True)
        return 0 if self.passed and not self.failed else 1


class Program:
    """One program that is run with a bound on its time; its output, both kinds, goes to a log and is read by line."""

    running = set()

    def __init__(self, name, command, seconds, log=None, **kwargs):
        self.log = LOGS / (re.sub(r'[^\w.-]+', '-', log or name) + '.log')
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
            self.running.add(process)
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
                self.running.discard(process)

    @classmethod
    def end_all(cls):
        for process in list(cls.running):
            process.terminate()

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
    for _ in report.lines(program):
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

    for line in report.lines(program):
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
            if line.startswith('# again: '):
                report.once_more(line.removeprefix('# again: '), program.log)
    settle()
    # A program that reports a failure may also end with a status; one that reports none must end well.
    if program.status not in (0, 1):
        report.bad(f'{name}: ended well', [*program.last, program.why(), f'log: {program.log}'])
    elif program.status == 1 and not has_failures(program):
        report.bad(f'{name}: ended well', [*program.last, program.why(), f'log: {program.log}'])
    elif planned is None:
        report.bad(f'{name}: all results came', ['there is no plan in its output', f'log: {program.log}'])
    elif planned != seen:
        report.bad(f'{name}: all results came', [f'{planned} were announced, {seen} came', f'log: {program.log}'])
    elif seen == 0:
        report.bad(f'{name}: it tests something', ['it reported no result', f'log: {program.log}'])


def has_failures(program):
    return any(line.startswith('not ok') for line in program.log.read_text(errors='replace').splitlines())


def side_by_side(jobs):
    """As many at once as there are CPUs, in this order; each reports by itself."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for _ in pool.map(lambda job: job(), jobs):
                pass
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            Program.end_all()
            raise


def meson_tests(directory):
    """Longest first."""
    listing = subprocess.run(['meson', 'introspect', '--tests', directory], check=True, capture_output=True, text=True)
    return sorted(json.loads(listing.stdout), key=lambda test: -test['timeout'])


def meson_jobs(report, label, directory, tests, emulator=()):
    """Those that can run beside others, and those that measure and want to be alone."""
    # A sanitizer's complaint ends the program, also where it would only warn.
    environment = dict(os.environ, ASAN_OPTIONS='abort_on_error=0:detect_leaks=1',
                       UBSAN_OPTIONS='halt_on_error=1:print_stacktrace=1', G_DEBUG='fatal-warnings')

    def job(test):
        run = run_tap if test['protocol'] == 'tap' else run_step
        # What a test takes is not the same on every machine, and under sanitizers it takes longer.
        return functools.partial(run, report, f"{test['name']}{label}", [*emulator, *test['cmd']], max(4 * test['timeout'], 120),
                                 cwd=test['workdir'] or directory, env={**environment, **test['env']})

    return [[job(test) for test in tests if test['is_parallel'] == parallel] for parallel in (True, False)]


def wants_system(name):
    return any('--system' in path.read_text() for path in (TOP / 'tests/vm').glob(f'{name}.*test'))


def board_jobs(report, boards, thorough):
    """Each group of tests that share a board is one program: the seconds it may take, and the job."""
    jobs = []
    on_systems = collections.defaultdict(list)
    for arch, series in boards:
        command = [TOP / 'tests/vm/run', *['--thorough'] * thorough, '--arch', arch, '--kernel', series]
        listing = subprocess.run([*command, '--groups'], check=True, capture_output=True, text=True)
        for line in listing.stdout.splitlines():
            seconds, *names = line.split()
            label = f'board {series}' if arch == 'amd64' else f'board {arch} {series}'
            # In its own time vm/run ends a board by itself, and says which test it was.
            job = (int(seconds), functools.partial(run_tap, report, label, [*command, *names], 2 * int(seconds) + 900,
                                                   log=f'{label} {names[0]}'))
            if wants_system(names[0]):
                on_systems[arch].append(job)
            else:
                jobs.append(job)
    for arch, tests in on_systems.items():
        jobs.append((sum(seconds for seconds, _ in tests), functools.partial(system_job, report, arch, [job for _, job in tests])))
    return jobs


def system_job(report, arch, tests):
    """Tests of the board with a system, after its disk was made, which must not take of their time: minutes, where it is the first
    of another architecture."""
    if run_step(report, f'build: the board with a system, {arch}', [TOOLS / 'system-image'], 3600,
                env=dict(os.environ, BULKHEAD_ARCH=arch)):
        for test in tests:
            test()


def asked(which, arch='amd64'):
    """The words that a function of tools/common.sh answers."""
    script = f'. "{TOOLS}/common.sh"; {which}'
    return subprocess.run(['bash', '-c', script], check=True, capture_output=True, text=True,
                          env=dict(os.environ, BULKHEAD_ARCH=arch)).stdout.split()


def build_arm64(report):
    """The kernels of arm64 that boards can boot with what was built for them."""
    available = asked('kernels_available', 'arm64')
    if not available:
        report.skip('arm64', 'its kernels are not unpacked: tools/setup --arch arm64')
    elif run_step(report, 'build: arm64', [TOOLS / 'build', '--arch', 'arm64'], 900):
        return available
    return []


def main():
    parser = argparse.ArgumentParser(prog='tools/check', description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true', help='leave out what boots a board')
    parser.add_argument('--thorough', action='store_true',
                        help='also run the board tests with every kernel that need but one, hosted tests without sanitizers and '
                             'under valgrind too, and repeat more often what tests repeat')
    parser.add_argument('--bochs', action='store_true',
                        help='also run the tests that the other emulator is for, Bochs, which must be installed')
    arguments = parser.parse_args()
    # From outside we are ended by SIGTERM; leave by the ordinary way, which ends what was started.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))

    if arguments.thorough:
        os.environ['BULKHEAD_TEST_THOROUGH'] = '1'
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    report = Report()

    report.heading('build')
    programs = run_step(report, 'build: programs', [TOOLS / 'build', 'programs'], 900)
    sanitized = run_step(report, 'build: with sanitizers', [TOOLS / 'build', 'sanitized'], 900)
    available = asked('kernels_available')
    built = []
    for series in asked('kernel_series'):
        if series not in available:
            report.skip(f'kernel {series}', 'the package sources of this machine do not have it')
        elif (TOP / 'kmod').is_dir():
            if run_step(report, f'build: modules for kernel {series}', [TOOLS / 'build', 'modules', series], 600):
                built.append(series)
    staged = programs and run_step(report, 'build: what the board gets', [TOOLS / 'build', 'stage'], 300)

    boards = [('amd64', series) for series in built if staged] + [('arm64', series) for series in build_arm64(report)]

    plain = meson_tests(BUILD) if programs else []
    strict = meson_tests(BUILD / 'sanitized') if sanitized else []
    if not arguments.thorough:
        # One run of each will do, but what is measured is not what sanitizers make of it.
        again = {test['name'] for test in strict if test['is_parallel']}
        plain = [test for test in plain if test['name'] not in again and not (strict and 'bulkhead:valgrind' in test['suite'])]
    hosted = [functools.partial(run_step, report, 'style', [TOOLS / 'style'], 300)]
    hosted += [functools.partial(run_step, report, f'sparse: modules for kernel {series}', [TOOLS / 'build', 'sparse', series], 600)
               for series in built]
    alone = []
    builds = [('', BUILD, plain, ()), (' (sanitized)', BUILD / 'sanitized', strict, ())]
    if arguments.thorough and any(arch == 'arm64' for arch, _ in boards):
        units = BUILD / 'arm64/units'
        if run_step(report, 'build: unit tests for arm64', [TOOLS / 'build', '--arch', 'arm64', 'units'], 900):
            builds.append((' (arm64)', units, meson_tests(units), ('qemu-aarch64', '-L', *asked('sysroot arm64', 'arm64'))))
    for label, directory, tests, emulator in builds:
        jobs, last = meson_jobs(report, label, directory, tests, emulator)
        hosted += jobs
        alone += last
    if staged:
        hosted.append(lambda: run_tap(report, 'packages', [TOP / 'tests/packages/run'], 900))
    emulated = []
    if not arguments.quick:
        emulated = board_jobs(report, boards, arguments.thorough)
        emulated += [(600, functools.partial(run_step, report, f'bench {arch}: no figure got worse',
                                             [TOP / 'bench/run', '--arch', arch], 1200)) for arch in sorted({arch for arch, _ in boards})]
        # The first one comes last and builds for itself, as it does for a person.
        emulated += [(300, functools.partial(run_step, report, f'demo {arch} {series}',
                                             [TOOLS / 'demo', '--built', '--arch', arch, '--kernel', series], 600))
                     for arch, series in boards[1:] if arguments.thorough or (arch == 'arm64' and series == boards[-1][1])]
        emulated = [job for _, job in sorted(emulated, key=lambda pair: -pair[0])]

    report.heading('tests, hosted and on boards')
    # The boards that take longest begin first: what is hosted goes on beside them.
    side_by_side([*emulated[:2], *hosted, *emulated[2:]])
    report.heading('tests that measure')
    for job in alone:
        job()
    if staged and not arguments.quick:
        report.heading('demo')
        run_step(report, f'demo amd64 {built[0]}', [TOOLS / 'demo', '--kernel', built[0]], 600)
        if arguments.bochs:
            report.heading('boards emulated by Bochs')
            run_tap(report, 'board bochs', [TOP / 'tests/vm/run', '--emulator', 'bochs'], 9000)
    return report.close()


if __name__ == '__main__':
    sys.exit(main())
