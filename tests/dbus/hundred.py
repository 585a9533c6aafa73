# SPDX-License-Identifier: GPL-2.0-or-later
"""A hundred cells: what `bulkhead list' costs."""

import os
import resource
import subprocess

import fixture
from fixture import Daemon, check, equal

CELLS = 100
LIMIT_MS = 50


def cpu_ms(process):
    with open('/proc/%d/schedstat' % process.pid) as f:
        main = int(f.read().split()[0])
    total = 0
    for thread in os.listdir('/proc/%d/task' % process.pid):
        with open('/proc/%d/task/%s/schedstat' % (process.pid, thread)) as f:
            total += int(f.read().split()[0])
    return max(total, main) / 1e6


def listed():
    """a hundred cells are listed in 50 ms of CPU time of the command and the daemon together"""
    if 'BULKHEAD_TEST_SANITIZED' in os.environ:
        return 'sanitizers need more'
    with Daemon() as d:
        for number in range(CELLS):
            d.write_cell('cell%02d' % number)
        d.reload()
        command = [os.environ['BULKHEAD'], '--address=' + d.bus.address, 'list', '--no-legend']
        figures = []
        for _ in range(5):
            before = cpu_ms(d.process)
            children = resource.getrusage(resource.RUSAGE_CHILDREN)
            out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            own = (after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime) * 1e3
            equal(len([l for l in out.splitlines() if 'cell' in l]), CELLS)
            figures.append((own, cpu_ms(d.process) - before))
        best = min(figures, key=sum)
        print('# %.1f ms in the command, %.1f ms in the daemon' % best)
        check(sum(best) < LIMIT_MS, best)


fixture.run([listed])
