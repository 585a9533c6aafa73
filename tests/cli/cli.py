# SPDX-License-Identifier: GPL-2.0-or-later
"""The command `bulkhead' against the daemon on a simulated machine: what it prints, what it answers, what it refuses."""

import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys

sys.path.insert(0, sys.argv[1])
import fixture
from fixture import Daemon, check, equal, wait_for

COMMAND = os.environ['BULKHEAD']
COMPLETION = sys.argv[2]
COMPLETION_ZSH = sys.argv[3]
daemon = Daemon()


def run(*arguments, status=0, text=None, more=None):
    """Runs the command; its output. The status has to be this one."""
    environment = dict(os.environ, LC_ALL='C.UTF-8', **(more or {}))
    environment.pop('COLUMNS', None)
    if more and 'COLUMNS' in more:
        environment['COLUMNS'] = more['COLUMNS']
    process = subprocess.run([COMMAND, '--address=' + daemon.bus.address, *arguments], input=text, text=True,
                             capture_output=True, env=environment, timeout=60)
    run.errors = process.stderr
    equal(process.returncode, status, ' '.join(arguments) + ': ' + process.stdout + process.stderr)
    check('Sanitizer' not in process.stderr and 'CRITICAL' not in process.stderr, process.stderr)
    return process.stdout


def refuses(status, pattern, *arguments, **more):
    run(*arguments, status=status, **more)
    check(re.search(pattern, run.errors), 'no /%s/ in: %s' % (pattern, run.errors))


def data(*arguments, **more):
    return json.loads(run('--json=short', *arguments, **more))


def state(name):
    return data('show', name)['state']


def verbs():
    return re.findall(r'^  ([a-z]+)', run('--help').split('Verbs:')[1], re.M)


def options_in(text):
    """Long options at the beginning of lines, with an equals sign if they take something."""
    return set(re.findall(r'^ +(?:-\w, )?--([a-z-]+=?)', text, re.M))


def options_of(verb):
    """Those of its own."""
    return options_in(run(verb, '--help').split('Application Options:')[-1]) - {'help', 'help-all', 'help-common'}


def common_options():
    return options_in(run('--help').split('Application Options:')[1].split('Verbs:')[0]) | {'help'}


def follow(*arguments, **more):
    return fixture.spawn([COMMAND, '--address=' + daemon.bus.address, *arguments], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, **more)


def move_out(name):
    """The file of a cell, taken out of the directory of the daemon."""
    path = daemon.path(name + '.cell')
    os.rename(os.path.join(daemon.cells, name + '.cell'), path)
    daemon.reload()
    return path


class Stream:
    """A verb that goes on, and the JSON documents that come out of it."""

    def __init__(self, *arguments):
        self.process = follow(*arguments)
        self.text = ''

    def ready(self):
        return bool(select.select([self.process.stdout], [], [], 0)[0])

    def next(self):
        """The text of one document, with its value."""
        while True:
            text = self.text.lstrip()
            try:
                value, end = json.JSONDecoder().raw_decode(text)
                self.text = text[end:]
                return text[:end], value
            except json.JSONDecodeError:
                ready, _, _ = select.select([self.process.stdout], [], [], fixture.PATIENCE)
                check(ready, 'no document, but', repr(self.text))
                more = os.read(self.process.stdout.fileno(), 65536).decode()
                check(more, 'it ended after', repr(self.text))
                self.text += more

    def end(self):
        self.process.send_signal(signal.SIGINT)
        equal(self.process.wait(fixture.PATIENCE), 0)


def jailhouse_cell():
    """One of revision 13: a CPU, some memory, a comm region."""
    cell = b'JHCELL' + struct.pack('<H', 13) + struct.pack('<32s11I', b'drive', 0, 0, 8, 2, *[0] * 7)
    cell += struct.pack('<QQQIHHIIQ', 0, 0, 0, 0, 0, 0, 0, 0, 0) + struct.pack('<Q', 1 << 2)
    cell += struct.pack('<4Q', 0x3f000000, 0, 0x100000, 0x4f)
    cell += struct.pack('<4Q', 0, 0x100000, 0x1000, 0x23)
    os.makedirs(daemon.path('jailhouse'), exist_ok=True)
    path = daemon.path('jailhouse', 'drive.cell')
    with open(path, 'wb') as f:
        f.write(cell)
    return path


def elf():
    """The smallest ELF file that has anything to load."""
    head = b'\x7fELF' + bytes([2, 1, 1]) + bytes(9)
    head += struct.pack('<HHIQQQIHHHHHH', 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    head += struct.pack('<IIQQQQQQ', 1, 5, 120, 0x1000, 0x1000, 4, 4, 16)
    path = daemon.path('image.elf')
    with open(path, 'wb') as f:
        f.write(head + b'\xf4\xf4\xf4\xf4')
    return path


def read_until(process, pattern):
    lines = []
    while True:
        ready, _, _ = select.select([process.stdout], [], [], fixture.PATIENCE)
        check(ready, 'waited in vain for', pattern, 'after', lines)
        line = process.stdout.readline()
        check(line, 'it ended without', pattern, lines)
        lines.append(line)
        if re.search(pattern, line):
            return lines


def usage():
    """wrong use is said, and the status is 2"""
    refuses(2, "no verb 'frob'", 'frob')
    refuses(2, 'pretty, short or off', '--json=blue', 'list')
    refuses(2, 'needs an argument', 'start')
    refuses(2, 'one argument too many', 'list', 'x')
    refuses(2, 'Unknown option', 'list', '--frob')
    refuses(2, 'is not a size', 'enable', '--memory=much')
    refuses(2, 'SIZE@ADDRESS', 'enable', '--reserved=12')
    refuses(2, 'seconds', 'stats', '--interval=0')
    refuses(2, 'must be|only one of', '--user', 'list')
    refuses(2, 'follows one cell', 'start', '--console', 'a', 'b')
    equal(subprocess.run([COMMAND, '--host=-oProxyCommand=x', 'list'], capture_output=True).returncode, 2)
    for verb in verbs():
        check('Usage' in run(verb, '--help'), verb)


def empty():
    """nothing enabled, no cells: it says so, and what to do"""
    out = run('status', status=3)
    check('disabled' in out and 'nothing real happens' in out and 'bulkhead enable' in out, out)
    equal(data('status', status=3)['simulated'], True)
    check('There are no cells' in run('list'), 'no word')
    equal(data('list'), [])
    run('check', status=data_check())
    check(data('machine')['simulated'], 'not simulated')
    check('CPU' in run('machine'), 'no CPUs')
    equal(data('links'), [])


def links():
    """links are listed, and those that are named with their peers"""
    daemon.write_cell('left')
    with open(os.path.join(daemon.cells, 'left.cell'), 'a') as f:
        f.write('[Link talk]\nPeers=right root\nOutputSize=4K\nProtocol=0x4001\n')
    daemon.write_cell('right')
    daemon.reload()
    run('enable')
    row = data('links')[0]
    equal((row['name'], row['state'], row['peers'], row['size'], row['protocol'], row['present']),
          ('talk', 'down', ['left', 'right', 'root'], 16384, '0x4001', []))
    check('talk' in run('links') and '16 KiB' in run('links'), run('links'))
    equal([(p['peer'], p['present'], p['rung']) for p in data('links', 'talk')],
          [('left', False, 0), ('right', False, 0), ('root', False, 0)])
    run('start', 'left')
    equal([p['present'] for p in data('links', 'talk')], [True, False, True])
    check(re.search(r'talk +0 +left +yes +0', run('links', 'talk')), run('links', 'talk'))
    refuses(4, 'not all', 'links', 'talk', 'walk')
    run('destroy', 'left')
    run('disable')
    for name in ('left', 'right'):
        os.unlink(os.path.join(daemon.cells, name + '.cell'))
    daemon.reload()


def data_check():
    checks = json.loads(subprocess.run([COMMAND, '--address=' + daemon.bus.address, '--json=short', 'check'],
                                       capture_output=True, text=True).stdout)
    return 1 if any(c['result'] == 'missing' for c in checks) else 0


def life():
    """a cell from its file to its end"""
    path = daemon.path('alpha.cell')
    daemon.write_cell('alpha')
    os.rename(os.path.join(daemon.cells, 'alpha.cell'), path)
    daemon.reload()
    refuses(4, "no cell 'alpha'", 'start', 'alpha')
    refuses(4, "no cell 'alpha'", 'show', 'alpha')
    check('Nothing is wrong' in run('validate', path) or data('validate', path), 'no word')
    check('It would work' in run('apply', '--verify', path), 'no word')
    refuses(4, 'no cell', 'show', 'alpha')
    check('Applied' in run('apply', path), 'no word')
    equal(state('alpha'), 'defined')
    refuses(1, 'not enabled', 'start', 'alpha')
    check('enabled' in run('enable'), 'no word')
    equal(data('status')['state'], 'enabled')
    run('start', 'alpha')
    equal(state('alpha'), 'running')
    run('status', 'alpha')
    check('running' in run('list'), 'no word')
    refuses(1, '', 'disable')
    console = follow('console', '--from-start', 'alpha')
    read_until(console, r'beat')
    console.send_signal(signal.SIGINT)
    equal(console.wait(fixture.PATIENCE), 0, 'Ctrl-C')
    check('beat' in run('log', 'alpha'), 'no log')
    equal(len(run('log', '--bytes=4', 'alpha')), 4)
    stats = data('stats', '--once', 'alpha')
    check(stats[0]['name'] == 'alpha' and stats[0]['exits'] > 0, stats)
    events = [json.loads(line) for line in run('--json=short', 'events', 'alpha').splitlines()]
    check(any(e['type'] == 'cell-state' and e['state'] == 'running' for e in events), events)
    run('stop', 'alpha')
    run('status', 'alpha', status=3)
    run('restart', 'alpha')
    equal(state('alpha'), 'running')
    run('destroy', 'alpha')
    equal(state('alpha'), 'defined')
    run('create', 'alpha')
    equal(state('alpha'), 'shut-down')
    run('load', 'alpha')
    equal(state('alpha'), 'loadable')
    run('load', '--image=-', '--at=0x1000', 'alpha', text='some bytes')
    run('load', '--image=' + path, '--at=4K', 'alpha')
    refuses(2, 'needs --at', 'load', '--image=' + path, 'alpha')
    refuses(1, 'cannot be opened', 'load', '--image=/nowhere', '--at=0', 'alpha')
    run('start', '--no-load', 'alpha')
    run('destroy', '--force', 'alpha')
    refuses(1, '', 'autostart', 'alpha', 'on')
    equal(run('export', 'alpha'), open(path).read())
    run('export', '--output=' + daemon.path('out'))
    equal(open(daemon.path('out', 'alpha.cell')).read(), open(path).read())
    refuses(4, 'do not exist', 'export', 'alpha', 'omega')


def imports():
    """a binary configuration of Jailhouse is printed, written, installed"""
    binary = jailhouse_cell()
    text = run('import', binary)
    check(text.startswith('# From ') and 'revision 13' in text and '\nCpus=2\n' in text, text)
    out = daemon.path('drive.cell')
    check(out in run('import', '-o', out, binary), 'no word')
    with open(out) as file:
        equal(file.read(), text)
    run('validate', out)
    found = data('import', '--output=' + out, binary)
    equal((found['name'], found['file'], found['text'], type(found['findings'])), ('drive', out, text, list))
    equal(data('import', '--name=axis', binary)['name'], 'axis')
    check('bulkhead edit axis' in run('import', '--apply', '--name=axis', binary), 'no word')
    equal((data('show', 'axis')['cpus'], run('export', 'axis')), ([2], text))
    run('enable')
    run('start', 'axis')
    run('destroy', '--force', 'axis')
    run('disable')
    found = data('import', '--apply', '--name=twin', binary)
    check(found['name'] == 'twin' and isinstance(found['findings'], list), found)
    run('apply', '--remove=axis', '--remove=twin')
    with open(binary, 'ab') as file:
        file.truncate(60)
    refuses(1, 'damaged', 'import', binary)


def rarely():
    """options that the rest does not use"""
    run('enable')
    core = run('log')
    equal(data('log'), core)
    daemon.write_cell('brief', 'print at last\nstate shut-down')
    daemon.write_cell('crash', 'crash memory 0x7000000')
    daemon.write_cell('steady', 'print steady\nbeat 20')
    daemon.reload()
    run('start', '--wait', 'brief')
    check('shut-down' in run('restart', '--wait', 'brief'), 'no word')
    run('restart', '--wait', 'crash', status=1)
    equal([(c['name'], c['done'], c['state']) for c in data('restart', '--wait', 'crash', 'brief', status=1)],
          [('crash', True, 'failed'), ('brief', True, 'shut-down')])
    equal(run('-q', 'start', '--console', 'brief'), 'at last\n')
    run('start', '--console', 'crash', status=1)
    check('cell crash has failed' in run.errors, run.errors)
    refuses(4, 'no cell', 'start', '--console', 'omega')
    run('start', 'steady')
    waiting = follow('restart', '--wait', 'steady')
    wait_for(lambda: 'steady' in run('log', 'steady'), 'its words')
    # It is not said when the waiting begins; before that Ctrl-C ends the command as any other.
    wait_for(lambda: stops(waiting), 'the end of the waiting')
    check(waiting.returncode in (130, -signal.SIGINT), waiting.returncode)
    equal(state('steady'), 'running')
    process = follow('log', '--follow', 'steady')
    for word in ('steady', 'heartbeat'):
        read_until(process, word)
    process.send_signal(signal.SIGINT)
    equal(process.wait(fixture.PATIENCE), 0)
    events = [json.loads(line) for line in run('--json=short', 'events').splitlines()]
    numbers = [e['number'] for e in events]
    check(len(numbers) > 5 and numbers == sorted(numbers), numbers)

    def numbers_of(*options):
        return [json.loads(line)['number'] for line in run('--json=short', 'events', *options).splitlines()]

    equal(numbers_of('-n', '2'), numbers[-2:])
    equal(numbers_of('--from=%d' % numbers[-3]), numbers[-3:])
    equal(numbers_of('--from=%d' % numbers[1], '--lines=1'), numbers[-1:])
    equal(len(run('events', '-n', '3').splitlines()), 3)
    live = Stream('--json=short', 'stats', '--interval=1', 'steady')
    first, second = live.next()[1][0], live.next()[1][0]
    check(first['exits-per-second'] == 0 and second['exits'] > first['exits'] and second['exits-per-second'] > 0,
          first, second)
    live.end()
    text = run('export', 'steady')
    path = daemon.path('steady.cell')
    for words, options in (('One', []), ('Two', ['--restart'])):
        with open(path, 'w') as file:
            file.write(text.replace('A cell for a test', words).replace('ShutdownTimeoutSec=1', 'ShutdownTimeoutSec=2'))
        run('apply', *options, path)
        equal([data('show', 'steady')[key] for key in ('description', 'pending', 'state')],
              [words, not options, 'running'])
    with open(path, 'w') as file:
        file.write(text.replace('Cpus=count:1', 'Cpus=77'))
    run('validate', path, status=78)
    run('validate', '--alone', path)
    run('destroy', '--force', 'steady', 'brief', 'crash')
    run('create', 'steady')
    refuses(1, 'no ELF', 'load', '--elf', '--image=' + path, 'steady')
    run('load', '--elf', '--image=' + elf(), 'steady')
    equal(data('load', '--elf', '--at=0x1000', '--image=' + elf(), 'steady')['done'], True)
    run('start', '--no-load', 'steady')
    run('destroy', '--force', 'steady')
    run('apply', '--remove=steady', '--remove=brief', '--remove=crash')
    run('disable')


def stops(process):
    process.send_signal(signal.SIGINT)
    try:
        process.wait(0.1)
        return True
    except subprocess.TimeoutExpired:
        return False


def several():
    """each cell named is dealt with, the worst outcome counts"""
    refuses(4, "no cell 'omega'", 'start', 'omega', 'alpha')
    equal(state('alpha'), 'running')
    equal([c['name'] for c in data('stats', '-1')], ['alpha'])
    refuses(4, '', 'show', 'alpha', 'omega')
    run('-q', 'destroy', '--force', 'alpha')
    equal(run('-q', 'start', 'alpha'), '')
    run('-q', 'destroy', '--force', 'alpha')


def refusing():
    """a cell that denies, one that crashes"""
    daemon.write_cell('stubborn', 'deny-shutdown\nbeat 50')
    daemon.write_cell('crash', 'crash memory 0x7000000')
    daemon.reload()
    run('start', 'stubborn')
    refuses(1, '--force', 'stop', 'stubborn')
    equal(state('stubborn'), 'running')
    run('stop', '--timeout=1', 'stubborn')
    run('destroy', 'stubborn')
    run('start', '--wait', 'crash', status=1)
    shown = run('show', 'crash')
    check('failed' in shown and '0x7000000' in shown, shown)
    check('0x7000000' in run('events', 'crash'), run('events', 'crash'))
    run('health', status=1)
    run('destroy', 'crash')
    run('apply', '--remove=crash', '--remove=stubborn')
    run('health')
    check(data('health')['Isolation'], 'no facts')


def files():
    """changes: refused with their findings, confirmed, reverted, removed, edited"""
    bad = daemon.path('bad.cell')
    with open(bad, 'w') as f:
        f.write('[Cell]\nCpus=count:1\nColour=blue\n[Memory ram]\nSize=1M\n')
    for arguments in (['validate', bad], ['apply', bad], ['validate', '--offline', bad]):
        out = run(*arguments, status=78)
        check(re.search(r'bad\.cell:3:\d+: error: .*Colour', out) or re.search(r'bad.*3.*Colour', out), out)
    findings = data('validate', bad, status=78)
    equal([(f['line'], f['code']) for f in findings if f['severity'] == 'error'], [(3, 'unknown-key')])
    refuses(2, 'has to end in .cell', 'apply', 'alpha')
    refuses(1, 'No such file', 'apply', '/nowhere/x.cell')
    text = run('export', 'alpha')
    with open(daemon.path('alpha.cell'), 'w') as f:
        f.write(text.replace('A cell for a test', 'Changed'))
    # An error of another file does not hinder.
    daemon.write_cell('wrong')
    with open(os.path.join(daemon.cells, 'wrong.cell'), 'a') as f:
        f.write('Colour=blue\n')
    daemon.reload()
    out = run('apply', '--verify', daemon.path('alpha.cell'))
    check('Colour' in out and 'It would work' in out, out)
    out = run('apply', daemon.path('alpha.cell'))
    check('Colour' in out and 'Applied.' in out, out)
    run('apply', '--verify', bad, status=78)
    run('apply', '--remove=wrong')
    with open(daemon.path('alpha.cell'), 'w') as f:
        f.write(text)
    run('apply', daemon.path('alpha.cell'))
    with open(daemon.path('alpha.cell'), 'w') as f:
        f.write(text.replace('A cell for a test', 'Changed'))
    run('apply', '--confirm-within=600', daemon.path('alpha.cell'))
    equal(data('show', 'alpha')['description'], 'Changed')
    check('confirm' in run('status'), run('status'))
    run('revert')
    equal(data('show', 'alpha')['description'], 'A cell for a test')
    refuses(1, '', 'confirm')
    run('apply', '--confirm-within=600', daemon.path('alpha.cell'))
    run('confirm')
    equal(data('show', 'alpha')['description'], 'Changed')
    run('edit', 'alpha', more={'EDITOR': "sed -i s/Changed/Edited/"})
    equal(data('show', 'alpha')['description'], 'Edited')
    check('Nothing was changed' in run('edit', 'alpha', more={'EDITOR': 'true'}), 'no word')
    refuses(1, 'exited with code 1|status 1', 'edit', 'alpha', more={'EDITOR': 'false'})
    run('edit', 'alpha', more={'EDITOR': "sed -i 1,3s/Cpus/Cpuz/"}, status=78)
    kept = re.search(r'kept in (\S+)', run.errors)
    check(kept and 'Cpuz' in open(kept[1]).read(), run.errors)
    os.unlink(kept[1])
    os.rmdir(os.path.dirname(kept[1]))
    equal(data('show', 'alpha')['description'], 'Edited')
    run('apply', '--remove=alpha')
    refuses(4, 'no cell', 'show', 'alpha')
    check('Nothing was changed' in run('edit', 'fresh', more={'EDITOR': 'true'}), 'no word')
    refuses(4, 'no cell', 'show', 'fresh')
    run('edit', 'fresh', more={'EDITOR': "sed -i s,^File=$,File=%s," % daemon.path('alpha.sim')})
    equal((state('fresh'), '# See bulkhead.cell(5).' in run('export', 'fresh')), ('defined', True))
    run('apply', '--remove=fresh')
    refuses(1, '', 'import', bad)
    machine = daemon.path('machine.json')
    run('machine', '--save=' + machine)
    run('validate', '--offline', '--machine=' + machine, '--directory=' + daemon.cells)


def all_at_once():
    """run does all and takes all back"""
    daemon.write_cell('gamma', 'print hello\nbeat 20')
    path = daemon.path('gamma.cell')
    os.rename(os.path.join(daemon.cells, 'gamma.cell'), path)
    daemon.reload()
    run('disable', '--force')
    process = follow('run', path)
    read_until(process, 'hello')
    read_until(process, 'beat')
    equal(data('list')[0]['name'] if data('list') else None, data('list')[0]['name'])
    equal(state('gamma'), 'running')
    process.send_signal(signal.SIGINT)
    equal(process.wait(fixture.PATIENCE), 130)
    refuses(4, 'no cell', 'show', 'gamma')
    equal(data('status', status=3)['state'], 'disabled')
    daemon.write_cell('delta', 'crash memory 0x7000000')
    path = daemon.path('delta.cell')
    os.rename(os.path.join(daemon.cells, 'delta.cell'), path)
    run('run', path, status=1)
    check(re.search('failed: CPU . of delta .* 0x7000000', run.errors) and 'simulated' in run.errors, run.errors)
    refuses(4, 'no cell', 'show', 'delta')
    daemon.write_cell('brief', 'print at last\nstate shut-down')
    path = move_out('brief')
    equal((run('-q', 'run', '--keep', path), state('brief')), ('at last\n', 'shut-down'))
    equal(data('status')['state'], 'enabled')
    refuses(2, 'destroy brief', 'run', path)
    run('destroy', 'brief')
    run('apply', '--remove=brief')
    run('disable')
    # Who reads it goes away, as head does.
    process = follow('run', daemon.path('gamma.cell'))
    read_until(process, 'hello')
    process.stdout.close()
    equal(process.wait(fixture.PATIENCE), 130)
    refuses(4, 'no cell', 'show', 'gamma')
    equal(data('status', status=3)['state'], 'disabled')
    with open(daemon.path('binary.cell'), 'wb') as file:
        file.write(b'\xff\xfe')
    refuses(1, 'UTF-8', 'run', daemon.path('binary.cell'))
    run('enable')


def changes():
    """monitor prints a line for each change, as JSON if so wanted"""
    daemon.write_cell('epsilon')
    daemon.reload()
    process = follow('--json=short', 'monitor')
    # The first line comes when it listens, which it does not say.
    wait_for(lambda: run('-q', 'restart', 'epsilon') == '' and select.select([process.stdout], [], [], 0)[0],
             'a change')
    # Of restarts that come fast nothing but the end may be seen, which is what it was before.
    run('-q', 'stop', '--force', 'epsilon')
    run('-q', 'start', 'epsilon')
    for line in read_until(process, '"running"'):
        check(json.loads(line)['path'].startswith('/org/bulkhead1'), line)
    process.send_signal(signal.SIGINT)
    equal(process.wait(fixture.PATIENCE), 0)
    process = follow('events', '--follow', 'epsilon')
    read_until(process, 'running')
    run('destroy', '--force', 'epsilon')
    process.send_signal(signal.SIGTERM)
    equal(process.wait(fixture.PATIENCE), 0)


def shapes():
    """tables fit the terminal, wide characters too; colours on terminals only; heads can be left out"""
    daemon.write_cell('wide')
    text = daemon.read_cell('wide').replace('A cell for a test', '一二三四五六七八九十' * 12)
    with open(os.path.join(daemon.cells, 'wide.cell'), 'w') as f:
        f.write(text)
    daemon.reload()
    for columns in (60, 80, 200):
        lines = run('list', more={'COLUMNS': str(columns)}).splitlines()
        for line in lines[[line.startswith('CELL') for line in lines].index(True):-2]:
            width = sum(2 if ord(c) > 0x2e80 else 1 for c in line)
            check(width <= columns, columns, width, line)
    whole = ' '.join(' '.join(line.split()) for line in run('health').splitlines())
    for columns in (50, 60, 100):
        lines = run('health', more={'COLUMNS': str(columns)}).splitlines()
        check(all(len(line) <= columns for line in lines[3:]), columns, lines)
        equal(' '.join(' '.join(line.split()) for line in lines), whole, columns)
    check('\033' not in run('list') and '\033[32m' in run('--colour=always', 'enable') + run('--colour=always', 'status'),
          'colours')
    check('CELL' in run('list') and 'CELL' not in run('--no-legend', 'list'), 'the head')
    master, slave = pty.openpty()
    subprocess.run([COMMAND, '--address=' + daemon.bus.address, '--no-pager', 'status'], stdout=slave, check=True,
                   env=dict(os.environ, TERM='xterm'))
    os.close(slave)
    check(b'\033[' in os.read(master, 65536), 'no colour on a terminal')
    os.close(master)
    run('apply', '--remove=wide', '--remove=epsilon')


def forms():
    """--json: short is one document, or one a line, pretty is indented, off is as without; of every verb"""
    run('disable', '--force')
    daemon.write_cell('brief', 'print one\nprint two\nstate shut-down')
    short_lived = move_out('brief')
    # It prints and then does nothing: what is seen of it does not depend on when.
    daemon.write_cell('life', 'print one\nprint two')
    path = move_out('life')
    changed = daemon.path('other', 'life.cell')
    os.makedirs(daemon.path('other'), exist_ok=True)
    with open(changed, 'w') as file:
        file.write(open(path).read().replace('A cell for a test', 'Another'))
    binary = jailhouse_cell()
    steps = [
        ['validate', path], ['apply', path], ['enable'], ['status'], ['machine'], ['check'], ['health'], ['links'],
        ['create', 'life'], ['load', 'life'], ['load', '--image=' + path, '--at=0', 'life'], ['start', 'life'],
        ['list'], ['show', 'life'], ['log', 'life'], ['events', '-n', '1', 'life'], ['stats', '--once'],
        ['stop', 'life'], ['restart', 'life'], ['destroy', 'life'], ['autostart', 'life', 'on'],
        ['apply', '--confirm-within=600', changed], ['confirm'], ['apply', '--confirm-within=600', path], ['revert'],
        ['edit', 'life'], ['export'], ['import', binary], ['run', short_lived], ['apply', '--remove=life'], ['disable'],
        ['console'], ['monitor'],
    ]
    equal({step[0] for step in steps}, set(verbs()))
    statuses = {'check': data_check(), 'autostart': 1}

    def all_of(*form):
        outputs = []
        for step in steps:
            if step[0] in ('console', 'monitor'):
                continue
            outputs.append(run(*form, *step, status=statuses.get(step[0], 0), more={'EDITOR': 'true'}))
            if step[0] == 'start':
                wait_for(lambda: 'two' in run('log', 'life'), 'its words')
        return outputs

    def shape(value):
        if isinstance(value, dict):
            return sorted(value)
        return type(value)

    def same_form(text):
        # Times, numbers and sums move on, and with them how wide a column is.
        return re.sub(r' +', ' ', re.sub(r'[0-9][0-9.]*( (bytes|[KMG]iB|ms|s|min)\b)?', '#', text))

    plain, off = all_of(), all_of('--json=off')
    short, pretty = all_of('--json=short'), all_of('--json=pretty')
    for step, *outputs in zip(steps, plain, off, short, pretty):
        what = ' '.join(step)
        equal(same_form(outputs[1]), same_form(outputs[0]), what)
        documents = [json.loads(line) for line in outputs[2].splitlines()]
        equal(len(documents), 2 if step[0] == 'run' else 1, what)
        indented = Documents(outputs[3])
        equal([shape(d) for d in indented.values], [shape(d) for d in documents], what)
        for text, value in zip(indented.texts, indented.values):
            check('\n' in text or not value or isinstance(value, str), what, 'is not indented:', text)
    equal([json.loads(line) for line in short[steps.index(['run', short_lived])].splitlines()], ['one', 'two'])
    equal(json.loads(short[steps.index(['start', 'life'])]),
          [{'name': 'life', 'done': True, 'error': '', 'message': 'Cell life runs.', 'state': ''}])
    equal([(c['name'], c['done'], c['error']) for c in data('create', 'life', status=4)],
          [('life', False, 'org.bulkhead1.Error.NotFound')])
    refused = data('revert', status=1)
    equal((refused['done'], refused['error']), (False, 'org.bulkhead1.Error.WrongState'))
    check(refused['message'] in run.errors, run.errors)
    exported = json.loads(short[steps.index(['export'])])
    exported = [cell for cell in exported if cell['name'] == 'life'][0]
    equal((exported['file'], exported['text']), (os.path.join(daemon.cells, 'life.cell'), open(changed).read()))


class Documents:
    """JSON documents one after another."""

    def __init__(self, text):
        self.texts, self.values = [], []
        text = text.lstrip()
        while text:
            value, end = json.JSONDecoder().raw_decode(text)
            self.texts.append(text[:end])
            self.values.append(value)
            text = text[end:].lstrip()


def streams():
    """--json of verbs that go on: a document for each thing that comes"""
    run('enable')
    daemon.write_cell('talks', 'print hello\nbeat 20')
    daemon.reload()
    run('start', 'talks')
    for form in 'short', 'pretty':
        json_form = '--json=' + form
        for verb in (['console', '--from-start', 'talks'], ['log', '--follow', 'talks']):
            stream = Stream(json_form, *verb)
            equal(stream.next(), ('"hello"', 'hello'), verb)
            check(stream.next()[1].startswith('heartbeat'), verb)
            stream.end()
        for verb, key in ((['events', '--follow'], 'number'), (['stats', '-i', '1'], 'exits')):
            stream = Stream(json_form, *verb)
            for _ in range(2):
                text, value = stream.next()
                equal('\n' in text, form == 'pretty', text)
                check(key in (value[0] if isinstance(value, list) else value), verb, text)
            stream.end()
        stream = Stream(json_form, 'monitor')
        # The first document comes when it listens, which it does not say.
        wait_for(lambda: run('-q', 'restart', 'talks') == '' and stream.ready(), 'a change')
        text, value = stream.next()
        equal('\n' in text, form == 'pretty', text)
        check(value['path'].startswith('/org/bulkhead1'), text)
        stream.end()
    run('destroy', '--force', 'talks')
    run('apply', '--remove=talks')


def told():
    """wherever people look it says that the machine is simulated, if nobody asks for quiet"""
    daemon.write_cell('shown')
    daemon.reload()
    pattern = 'nothing real happens|nothing here is real'
    for verb in (['list'], ['show', 'shown'], ['health'], ['check'], ['links'], ['machine'], ['status'], ['enable'],
                 ['stats', '--once']):
        for options, expected in (([], True), (['-q'], False), (['--no-legend'], False)):
            if verb[0] in ('machine', 'status') and options == ['--no-legend']:
                continue
            out = run(*options, *verb, status=0 if verb[0] != 'check' else data_check())
            # What status shows is its answer, and no advice.
            equal(bool(re.search(pattern, out)), expected or verb[0] == 'status', ' '.join([*options, *verb, out]))
        text = run('--json=short', *verb, status=0 if verb[0] != 'check' else data_check())
        check('nothing real' not in text and 'nothing here' not in text, verb, text)
    run('apply', '--remove=shown')


def of_a_user():
    """on a session bus the daemon and the command use the directories of the user"""
    home = daemon.path('home')
    os.makedirs(os.path.join(home, 'runtime'))
    os.makedirs(os.path.join(home, 'elsewhere'))
    environment = {key: value for key, value in os.environ.items() if not key.startswith(('XDG_', 'DBUS_'))}
    environment.update(HOME=home, XDG_RUNTIME_DIR=os.path.join(home, 'runtime'), LC_ALL='C.UTF-8')
    session = fixture.spawn(['dbus-run-session', '--', 'sh', '-c', 'echo "$DBUS_SESSION_BUS_ADDRESS"; read line'],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True)
    environment['DBUS_SESSION_BUS_ADDRESS'] = session.stdout.readline().strip()
    check(environment['DBUS_SESSION_BUS_ADDRESS'], 'no session bus')
    served = fixture.spawn([os.environ['BULKHEADD'], '--session', '--simulate'], env=environment,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def user(*arguments):
        return subprocess.run([COMMAND, '--user', *arguments], env=environment, capture_output=True, text=True,
                              timeout=60)

    try:
        wait_for(lambda: user('list').returncode == 0, 'the daemon of the session')
        daemon.write_cell('mine', 'print mine\nstate shut-down')
        path = move_out('mine')
        result = user('apply', path)
        equal(result.returncode, 0, result.stderr)
        installed = os.path.join(home, '.config', 'bulkhead', 'cells', 'mine.cell')
        with open(installed) as file:
            equal(file.read(), open(path).read())
        equal(json.loads(user('--json=short', 'show', 'mine').stdout)['file'], installed)
        equal(user('enable').returncode, 0)
        result = user('-q', 'start', '--console', 'mine')
        equal((result.returncode, result.stdout), (0, 'mine\n'), result.stderr)
        check(os.listdir(os.path.join(home, '.local', 'share', 'bulkhead')), 'nothing is remembered')
        check(os.path.isdir(os.path.join(home, 'runtime', 'bulkhead')), 'no runtime directory')
        result = user('disable', '--force')
        equal(result.returncode, 0, result.stderr)
        served.send_signal(signal.SIGTERM)
        equal(served.wait(fixture.PATIENCE), 0)
        result = user('list')
        equal(result.returncode, 1)
        check('daemon' in result.stderr, result.stderr)
    finally:
        served.kill()
        served.wait()
        log = served.stdout.read()
        session.communicate('\n', fixture.PATIENCE)
    check('Sanitizer' not in log and 'CRITICAL' not in log, log)
    environment['DBUS_SESSION_BUS_ADDRESS'] = 'unix:path=/nowhere'
    result = user('list')
    equal(result.returncode, 1)
    check('no connection to the session bus' in result.stderr, result.stderr)


SSH = '''#!/bin/sh
# In the place of ssh -xT -- HOST COMMAND: the other machine is this one, and its system bus that of the test.
printf '%%s\\n' "$*" >>%(log)s
[ "$1 $2" = '-xT --' ] || exit 255
host=$3
shift 3
PATH=%(bin)s:$PATH
case $host in
nowhere)
	echo "ssh: Could not resolve hostname nowhere: Name or service not known" >&2
	exit 255
	;;
bare)
	exec sh -c "exec not-there"
	;;
esac
[ "$1" != systemd-stdio-bridge ] || exec systemd-stdio-bridge --bus-path=%(bus)s
# As with the real one, what runs there is in a session of its own, and hears of this end by a broken pipe; and this
# end does not mind that nobody reads what it writes.
export DBUS_SYSTEM_BUS_ADDRESS=%(bus)s
{
	setsid sh -c "$*"
	echo $? >%(log)s.$$
} | {
	trap '' PIPE
	while read -r line; do
		echo "$line"
	done 2>/dev/null
}
read status <%(log)s.$$
exit $status
'''


def from_afar():
    """-H: all verbs work through ssh, also those that need what does not pass through it"""
    if not shutil.which('systemd-stdio-bridge'):
        return 'there is no systemd-stdio-bridge'
    folder = daemon.path('ssh')
    os.makedirs(folder)
    with open(os.path.join(folder, 'ssh'), 'w') as file:
        file.write(SSH % {'bus': daemon.bus.address, 'log': daemon.path('ssh.log'), 'bin': folder})
    os.chmod(os.path.join(folder, 'ssh'), 0o755)
    os.symlink(COMMAND, os.path.join(folder, 'bulkhead'))
    environment = dict(os.environ, LC_ALL='C.UTF-8', PATH=folder + ':' + os.environ['PATH'])

    def start(*arguments, **more):
        return fixture.spawn([COMMAND, '-H', *arguments], env=environment, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, **more)

    def far(*arguments, status=0, text=None):
        process = start(*arguments, stdin=subprocess.PIPE)
        out, far.errors = process.communicate(text or '', fixture.PATIENCE)
        equal(process.returncode, status, ' '.join(arguments) + ': ' + out + far.errors)
        check('Sanitizer' not in far.errors and 'CRITICAL' not in far.errors, far.errors)
        return out

    run('disable', '--force')
    equal(far('board', '--json=short', 'list'), run('--json=short', 'list'))
    far('nowhere', 'list', status=1)
    check('no connection to nowhere' in far.errors, far.errors)
    far('board', 'apply', '/nowhere/x.cell', status=1)
    check('connection' not in far.errors, far.errors)
    far('bare', 'start', '--console', 'x', status=1)
    check('bare lacks the command' in far.errors, far.errors)

    far('board', 'enable')
    daemon.write_cell('away')
    daemon.reload()
    far('board', 'create', 'away')
    image = daemon.path('afar.sim')
    with open(image, 'w') as file:
        file.write('#!bulkhead-simulated\nprint from a file\nstate shut-down\n')
    check('start --no-load away' in far('board', 'load', '--image=' + image, '--at=0', 'away'), 'no word')
    equal(far('board', '-q', 'start', '--no-load', '--console', 'away'), 'from a file\n')
    equal(json.loads(far('board', '--json=short', 'load', '--image=-', '--at=0', 'away',
                         text='#!bulkhead-simulated\nprint from a pipe\nbeat 20\n'))['done'], True)
    equal(far('board', '-q', 'load', '--elf', '--image=' + elf(), 'away'), '')
    far('board', 'load', '--image=-', '--at=0', 'away', text='#!bulkhead-simulated\nprint from a pipe\nbeat 20\n')
    far('board', 'start', '--no-load', 'away')
    far('board', 'load', '--image=' + image, '--at=0', 'away', status=1)
    check('away' in far.errors, far.errors)
    far('board', 'load', '--image=' + image, 'away', status=2)
    far('board', 'load', '--image=/nowhere', '--at=0', 'away', status=1)
    check('cannot be opened' in far.errors and 'connection' not in far.errors, far.errors)
    far('nowhere', 'load', '--image=' + image, '--at=0', 'away', status=1)
    check('nowhere has ended' in far.errors, far.errors)
    trap = "x'; touch %s; '" % daemon.path('trapped')
    far('board', 'load', '--image=' + image, '--at=0', trap, status=4)
    far('board', 'start', '--console', trap, status=4)
    check(not os.path.exists(daemon.path('trapped')), 'a name was run as a command')
    for verb in (['console', '--from-start'], ['log', '--follow']):
        process = start('board', *verb, 'away', start_new_session=True)
        read_until(process, 'from a pipe')
        os.killpg(process.pid, signal.SIGINT)
        process.wait(fixture.PATIENCE)
    far('board', 'destroy', '--force', 'away')
    far('board', 'apply', '--remove=away')
    far('board', 'disable')

    daemon.write_cell('sortie', 'print out there\nstate shut-down')
    path = move_out('sortie')
    equal(far('board', 'run', path), 'out there\n')
    check('has shut down' in far.errors and 'disabling' in far.errors, far.errors)
    daemon.write_cell('sortie', 'crash memory 0x7000000')
    far('board', 'run', move_out('sortie'), status=1)
    check('has failed' in far.errors, far.errors)
    # Ctrl-C, which all of this side get, then that the connection breaks, then that nobody reads.
    daemon.write_cell('sortie', 'print out there\nbeat 20')
    path = move_out('sortie')
    for how, expected in (('interrupt', 130), ('break', 1), ('head', 130)):
        process = start('board', 'run', path, start_new_session=True)
        read_until(process, 'heartbeat')
        if how == 'interrupt':
            os.killpg(process.pid, signal.SIGINT)
        elif how == 'head':
            process.stdout.close()
        else:
            # The last of the two, which copies.
            children = open('/proc/%d/task/%d/children' % (process.pid, process.pid)).read().split()
            os.kill(int(children[-1]), signal.SIGTERM)
        equal(process.wait(fixture.PATIENCE), expected, process.stderr.read())
        refuses(4, 'no cell', 'show', 'sortie')
        equal(data('status', status=3)['state'], 'disabled')

    # Who waits does not wait for ever when the bus is out of reach.
    run('enable')
    run('apply', path)
    for verb, sign in ((['start', '--wait', 'sortie'], 'runs'), (['--json=short', 'monitor'], 'path'),
                       (['events', '--follow', 'sortie'], 'running'), (['stats'], 'sortie')):
        process = start('board', *verb)
        if 'monitor' in verb:
            wait_for(lambda: run('-q', 'restart', 'sortie') == '' and
                     select.select([process.stdout], [], [], 0)[0], 'a change')
        read_until(process, sign)
        bridge = open('/proc/%d/task/%d/children' % (process.pid, process.pid)).read().split()
        equal(len(bridge), 1)
        os.kill(int(bridge[0]), signal.SIGTERM)
        equal(process.wait(fixture.PATIENCE), 1, verb)
        errors = process.stderr.read()
        check(errors.count('connection to board is lost') == 1, verb, errors)
    run('disable', '--force')
    run('apply', '--remove=sortie')


def completion():
    """bash completes verbs, options and the names of cells"""
    if not os.path.exists('/usr/share/bash-completion/bash_completion'):
        return 'bash-completion is not installed'
    os.makedirs(daemon.path('bin'), exist_ok=True)
    if not os.path.exists(daemon.path('bin', 'bulkhead')):
        os.symlink(COMMAND, daemon.path('bin', 'bulkhead'))
    daemon.write_cell('wide')
    daemon.write_cell('left', more='[Link talk]\nPeers=root\nOutputSize=4K\nProtocol=0x4001\n')
    daemon.reload()

    def complete(*lines):
        script = '''
            . /usr/share/bash-completion/bash_completion
            . "$1"
            compopt() { :; }
            cd /
            for line in "${@:2}"; do
                read -ra COMP_WORDS <<<"$line"
                [[ $line != *" " ]] || COMP_WORDS+=("")
                COMP_LINE=$line COMP_POINT=${#line} COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_TYPE=9 COMP_KEY=9
                COMPREPLY=()
                _bulkhead
                echo "${COMPREPLY[*]}"
            done
        '''
        out = subprocess.run(['bash', '-c', script, 'bash', COMPLETION, *lines], capture_output=True, text=True,
                             env=dict(os.environ, PATH=daemon.path('bin') + ':' + os.environ['PATH']))
        answers = [line.split() for line in out.stdout.splitlines()]
        equal(len(answers), len(lines), out.stderr)
        return answers

    known = verbs()
    common = common_options()
    all_verbs, some, colours, forms_of_json, on_off = complete(
        'bulkhead ', 'bulkhead sta', 'bulkhead list --colour ', 'bulkhead --json p', 'bulkhead autostart wide o')
    equal((sorted(all_verbs), sorted(some)), (sorted(known), ['start', 'stats', 'status']))
    equal((colours, forms_of_json, sorted(on_off)), (['auto', 'always', 'never'], ['pretty'], ['off', 'on']))
    for verb, offered in zip(known, complete(*['bulkhead %s --' % verb for verb in known])):
        wanted = {'--' + option for option in options_of(verb) | common}
        # Before a word that is an argument of its own there is no equals sign.
        equal({option.rstrip('=') for option in offered}, {option.rstrip('=') for option in wanted}, verb)
        check({o for o in offered if o.endswith('=')} <= wanted, verb, 'takes nothing:', offered)
    where = 'bulkhead --address %s ' % daemon.bus.address
    takes_cells = [verb for verb in known if re.search(r'\bNAME', run(verb, '--help').splitlines()[1]) and verb != 'links']
    check(len(takes_cells) > 14, takes_cells)
    for verb, offered in zip(takes_cells, complete(*[where + verb + ' ' for verb in takes_cells])):
        check('wide' in offered and 'left' in offered, verb, offered)
    equal(complete(where + 'show wi', where + 'apply --remove wi', where + 'links ', where + 'status --json=short wi'),
          [['wide'], ['wide'], ['talk'], ['wide']])


def completion_zsh():
    """zsh's completion is of the same verbs and options, and completes them"""
    if not shutil.which('zsh'):
        return 'zsh is not installed'
    subprocess.run(['zsh', '-n', COMPLETION_ZSH], check=True)
    with open(COMPLETION_ZSH) as file:
        text = file.read()
    part = text.split('verbs=(')[1].split('\n\t)\n')[0]
    equal(re.findall(r"'([a-z]+):", part), verbs())
    found = {}
    for names, rest in re.findall(r"^\t\(([a-z|*]+)\) _arguments (.*?);;", text, re.M | re.S):
        for name in names.split('|'):
            found[name] = rest
    for verb in verbs():
        own = set(re.findall(r'--[a-z-]+=?', found.get(verb, '')))
        equal(own, {'--' + option for option in options_of(verb)}, verb)
    common = text.split('common=(')[1].split('\n\t)\n')[0]
    equal(set(re.findall(r'--[a-z-]+', common)), {'--' + option.rstrip('=') for option in common_options()})

    # As a person has it: on a terminal, with the Tab key. What is offered goes to a file.
    out = daemon.path('offered')
    master, slave = pty.openpty()
    environment = dict(os.environ, PATH=daemon.path('bin') + ':' + os.environ['PATH'], TERM='dumb', HOME=daemon.directory,
                       FOLDER=os.path.dirname(COMPLETION_ZSH), OFFERED=out)
    shell = fixture.spawn(['zsh', '-f', '-i'], stdin=slave, stdout=slave, stderr=slave, env=environment,
                          start_new_session=True)
    os.close(slave)
    os.set_blocking(master, False)

    def answers(count):
        try:
            os.read(master, 65536)
        except BlockingIOError:
            pass
        if not os.path.exists(out):
            return None
        with open(out) as file:
            parts = file.read().split('---\n')
        return parts[:count] if len(parts) > count else None

    with open(daemon.path('setup.zsh'), 'w') as file:
        file.write(ZSH)
    os.write(master, b'source %s\n' % daemon.path('setup.zsh').encode())
    wait_for(lambda: answers(1), 'zsh')
    where = 'bulkhead --address %s ' % daemon.bus.address
    lines = ['bulkhead sta', 'bulkhead start --no', 'bulkhead --json=p', where + 'show wi', where + 'links ta',
             where + 'autostart left o']
    for count, line in enumerate(lines, 2):
        os.write(master, line.encode() + b'\t')
        wait_for(lambda: answers(count), line)
    got = [sorted(set(part.split())) for part in answers(len(lines) + 1)[1:]]
    shell.kill()
    shell.wait()
    os.close(master)
    equal([sorted(g) for g in got],
          [['start', 'stats', 'status'], ['--no-ask-password', '--no-legend', '--no-load', '--no-pager'], ['pretty'],
           ['wide'], ['talk'], ['off', 'on']])


ZSH = '''
PS1= RPS1=
fpath=($FOLDER $fpath)
autoload -Uz compinit
compinit -u -D
compadd() {
    local -a found
    # Those that only look what would match are not an offer.
    if [[ -z ${(M)@:#-[OAD]*} ]]; then
        builtin compadd -O found "$@"
        print -l -- $found >>$OFFERED
    fi
    builtin compadd "$@"
}
complete-and-tell() { zle complete-it; print -- --- >>$OFFERED; zle kill-buffer }
zle -C complete-it complete-word _main_complete
zle -N complete-and-tell
bindkey '^I' complete-and-tell
print -- --- >>$OFFERED
'''


def absent():
    """without a daemon it says what is wrong"""
    daemon.stop()
    refuses(1, 'daemon', 'list')
    process = subprocess.run([COMMAND, '--address=unix:path=/nowhere', 'list'], capture_output=True, text=True)
    equal(process.returncode, 1)
    check('no connection to the bus' in process.stderr, process.stderr)


fixture.run([usage, empty, links, imports, rarely, life, several, refusing, files, all_at_once, changes, shapes, forms,
             streams, told, of_a_user, from_afar, completion, completion_zsh, absent])
