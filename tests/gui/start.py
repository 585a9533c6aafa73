# SPDX-License-Identifier: GPL-2.0-or-later
"""bulkhead-configurator --simulate: the machine it starts for itself, how long it takes until that is seen, and that nothing stays."""

import os
import sys
import time

from person import LAUNCHER, Person, fixture

# What its own CPU does until then, here some tenths of a second. Not the clock: that of a loaded machine says nothing about the program.
# With the answers to our questions about each widget, and ten times as slow a machine, it is still far below this.
MOST_CPU_SECONDS = 10
CELLS = ('hmi', 'motion-control', 'vision')


def stat(pid):
    """The fields of /proc/PID/stat after the name, which is state first."""
    with open('/proc/%s/stat' % pid) as file:
        return file.read().rpartition(')')[2].split()


def cpu_seconds(pid):
    fields = stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def is_there(pid):
    try:
        return stat(pid)[0] not in 'ZX'
    except OSError:
        return False


def children(pid):
    """Those it has started."""
    found = []
    for name in filter(str.isdigit, os.listdir('/proc')):
        try:
            if int(stat(name)[1]) == pid:
                found.append(int(name))
        except OSError:
            pass  # it has ended
    return found


def comes_up():
    """the cells of the simulated machine are listed, soon"""
    for name in CELLS:
        person.read(name)
    cpu, clock = cpu_seconds(person.program.pid), time.monotonic() - person.started
    print('# first seen with all cells after %.1f s of CPU time of the program, %.1f s by the clock' % (cpu, clock))
    person.read('Simulated machine: nothing here is real hardware')
    fixture.check(cpu < MOST_CPU_SECONDS, 'it took', cpu, 's of CPU time')
    person.choose('hmi', 'The machine and its cells')
    person.read('“hmi” is not running and holds nothing.')


def nothing_stays():
    """the bus and the daemon it started end with it, even if it is killed"""
    started = children(person.program.pid)
    fixture.check(len(started) >= 2, 'it has started only', started)
    person.kill()
    fixture.wait_for(lambda: not any(is_there(pid) for pid in started), 'the end of what it started')


if not os.path.exists(LAUNCHER):
    print('1..0 # SKIP there is no at-spi2-core')
    sys.exit()
# No daemon: its directories, and a bus for the screen reader.
with fixture.Daemon(start=False) as place:
    for variable in ('XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_CACHE_HOME'):
        os.environ[variable] = place.path(variable)
    place.cells = place.path('XDG_CONFIG_HOME', 'bulkhead', 'cells')
    os.makedirs(place.cells)
    for cell in CELLS:
        place.write_cell(cell)
    person = Person(place, [os.environ['BULKHEAD_CONFIGURATOR'], '--simulate'])
    try:
        fixture.run([comes_up, nothing_stays])
    finally:
        person.close()
