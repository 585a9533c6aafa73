# SPDX-License-Identifier: GPL-2.0-or-later
"""What is installed, as systemd, udev and the bus see it; and what the generator makes of cell files."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

import fixture
from fixture import check, equal

UNITS, DATA = sys.argv[1:3]
NAMES = ('bulkhead.service', 'bulkhead-enable.service', 'bulkhead-cell@.service',
         'bulkhead-cells.target', 'bulkhead-up.target')
# systemd-analyze security: 0 is locked up, 10 is wide open.
EXPOSURE = {'bulkhead.service': 30, 'bulkhead-enable.service': 15, 'bulkhead-cell@x.service': 15}


class Root:
    """A file system of a machine, as far as units are concerned."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix='bulkhead-root-')
        self.units = os.path.join(self.path, 'usr/lib/systemd/system')
        os.makedirs(self.units)
        programs = set()
        for name in NAMES:
            source = os.path.join(UNITS, name)
            source = source if os.path.exists(source) else os.path.join(DATA, name)
            shutil.copy(source, self.units)
            with open(source) as f:
                programs |= set(re.findall(r'^Exec\w+=(/\S+)', f.read(), re.M))
        for program in programs:
            path = self.path + program
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copy('/bin/true', path)
        # What Debian has.
        for name in os.listdir('/lib/systemd/system'):
            if name.startswith(('modprobe@', 'dbus.s')) or name.endswith('.target'):
                shutil.copy(os.path.join('/lib/systemd/system', name), self.units)
        shutil.copy(os.path.join(self.units, 'bulkhead-cell@.service'),
                    os.path.join(self.units, 'bulkhead-cell@x.service'))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def run(self, *command):
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=dict(os.environ, SYSTEMD_LOG_LEVEL='warning'))


def complaints(text):
    """Of our units; others' on a machine without them are none of ours."""
    return [line for line in text.splitlines() if 'bulkhead' in line and
            'Failed to connect' not in line]


def verified():
    """systemd-analyze finds nothing wrong with the units"""
    with Root() as root:
        for name in NAMES + ('bulkhead-cell@x.service',):
            result = root.run('systemd-analyze', 'verify', '--root=' + root.path, '--man=no', name)
            equal(complaints(result.stdout), [], name)
            equal(result.returncode, 0, name + ': ' + result.stdout)
        # The test can fail.
        with open(os.path.join(root.units, 'bulkhead.service'), 'a') as f:
            f.write('Nonsense=yes\n')
        result = root.run('systemd-analyze', 'verify', '--root=' + root.path, '--man=no',
                          'bulkhead.service')
        check(complaints(result.stdout), 'nonsense was not found')


def exposure():
    """services are locked up as far as they were"""
    with Root() as root:
        for name, most in EXPOSURE.items():
            result = root.run('systemd-analyze', 'security', '--offline=yes',
                              '--root=' + root.path, '--threshold=%d' % most, name)
            line = [l for l in result.stdout.splitlines() if 'Overall exposure' in l]
            print('# ' + (line[0].strip() if line else result.stdout))
            check(line, result.stdout)
            equal(result.returncode, 0, name)


def not_ordered():
    """the daemon and cells are ordered by the target between them only, or a stop would hold up a restart"""
    with open(os.path.join(UNITS, 'bulkhead-cell@.service')) as f:
        cell = f.read()
    with open(os.path.join(UNITS, 'bulkhead.service')) as f:
        daemon = f.read()
    check(not re.search(r'^(After|Before)=.*\bbulkhead\.service', cell, re.M))
    check(re.search(r'^After=.*\bbulkhead-up\.target', cell, re.M))
    check('bulkhead-' not in ''.join(re.findall(r'^(?:After|Before)=.*$', daemon, re.M)))


def enabled():
    """a cell's unit can be enabled, and starts at boot then"""
    with Root() as root:
        result = root.run('systemctl', '--root=' + root.path, 'enable', 'bulkhead-cell@rt.service')
        equal(result.returncode, 0, result.stdout)
        link = os.path.join(root.path,
                            'etc/systemd/system/bulkhead-cells.target.wants/bulkhead-cell@rt.service')
        check(os.path.islink(link), result.stdout)


def generate(cells):
    """The drop-ins the generator makes of cell files: {unit: [lines]}."""
    with tempfile.TemporaryDirectory() as directory:
        files, out = os.path.join(directory, 'cells'), os.path.join(directory, 'out')
        os.makedirs(files)
        os.makedirs(out)
        for name, text in cells.items():
            with open(os.path.join(files, name), 'wb') as f:
                f.write(text if isinstance(text, bytes) else text.encode())
        result = subprocess.run([os.environ['GENERATOR'], out, out, out],
                                env=dict(os.environ, BULKHEAD_CELLS_DIRECTORY=files),
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        equal(result.returncode, 0, result.stdout)
        units = {}
        for unit in os.listdir(out):
            with open(os.path.join(out, unit, '50-cell-file.conf')) as f:
                units[unit] = [l.replace(files, 'CELLS') for l in f.read().splitlines()]
        return units


def generated():
    """order, mounts, restarts and times come from the cell file"""
    text = fixture.CELL % {'image': '/srv/my images/100%.bin', 'more': '', 'patience': '1'}
    text += '[Service]\nAfter=net\nWants=net\nRestart=always\nRestartSec=2\n'
    linux = '[Cell]\nCpus=count:1\n[Memory ram]\nSize=64M\nGuestAddress=0\n[Linux]\n'
    units = generate({'rt.cell': text.replace('A cell for a test', '50% of the time'),
                      'net.cell': fixture.CELL % {'image': '/boot/x', 'more': '', 'patience': '1'},
                      'linux.cell': linux + 'Kernel=/srv/my images/vmlinuz\nInitrd=/var/100%.img\n',
                      'bare.cell': linux + 'Kernel=/srv/vmlinuz\n',
                      'README': 'no cell'})
    equal(sorted(units), ['bulkhead-cell@%s.service.d' % name for name in ('bare', 'linux', 'net', 'rt')])
    mounts = {name: [line for line in units['bulkhead-cell@%s.service.d' % name] if 'Mounts' in line]
              for name in ('bare', 'linux', 'net')}
    equal(mounts, {'bare': ['RequiresMountsFor="/srv/vmlinuz"'],
                   'linux': ['RequiresMountsFor="/srv/my images/vmlinuz"',
                             'RequiresMountsFor="/var/100%%.img"'],
                   'net': ['RequiresMountsFor="/boot/x"']})
    equal(units['bulkhead-cell@rt.service.d'],
          ['# Made by bulkhead-generator of the cell file.', '[Unit]', 'SourcePath=CELLS/rt.cell',
           'Description=Cell rt: 50%% of the time', 'After=bulkhead-cell@net.service',
           'Wants=bulkhead-cell@net.service', 'RequiresMountsFor="/srv/my images/100%%.bin"',
           '[Service]', 'Restart=always', 'RestartSec=2000ms', 'TimeoutStopSec=32'])


def drop_ins_are_good():
    """systemd takes the drop-ins"""
    text = fixture.CELL % {'image': '/srv/my images/"100%".bin', 'more': '', 'patience': '1'}
    with Root() as root:
        for unit, lines in generate({'x.cell': text}).items():
            folder = os.path.join(root.units, unit)
            os.makedirs(folder)
            with open(os.path.join(folder, '50-cell-file.conf'), 'w') as f:
                f.write('\n'.join(lines).replace('CELLS', '/etc/bulkhead/cells') + '\n')
        result = root.run('systemd-analyze', 'verify', '--root=' + root.path, '--man=no',
                          'bulkhead-cell@x.service')
        equal(complaints(result.stdout), [])


def garbage():
    """no cell file makes the generator write another unit, or fail the boot"""
    units = generate({'bad.cell': os.urandom(5000), 'ro ot.cell': 'x', 'root.cell': '[Cell]\n',
                      'evil.cell': '[Cell]\nDescription=x\r[Service]\rExecStart=/bin/false\n'
                                   '[Service]\nAfter=../../x a/b\n'})
    check(set(units) <= {'bulkhead-cell@bad.service.d', 'bulkhead-cell@evil.service.d'}, units)
    for lines in units.values():
        check(not any('ExecStart' in l and l.startswith('Exec') or '..' in l for l in lines), lines)
    equal(generate({}), {})


def udev_rule():
    """udev gives the device to root alone, and its appearance starts the daemon"""
    path = os.path.join(DATA, '60-bulkhead.rules')
    with open(path) as f:
        rules = [line for line in f.read().splitlines() if line and not line.startswith('#')]
    equal(len(rules), 1)
    parts = [re.fullmatch(r'([A-Z]+(?:\{\w+\})?)(==|!=|\+=|=)"([^"]*)"', part.strip())
             for part in rules[0].split(',')]
    check(all(parts), rules[0])
    rule = {part.group(1): part.group(2) + part.group(3) for part in parts}
    equal(rule, {'ACTION': '!=remove', 'SUBSYSTEM': '==misc', 'KERNEL': '==bulkhead', 'MODE': '=0600',
                 'TAG': '+=systemd', 'ENV{SYSTEMD_WANTS}': '+=bulkhead.service'})
    # It is the name and the class the module gives its device.
    with open(os.path.join(DATA, '../kmod/main.c')) as f:
        module = f.read()
    check(re.search(r'struct miscdevice [^;]*\.name = "bulkhead"', module))
    check(rule['ENV{SYSTEMD_WANTS}'][2:] in NAMES)
    # Newer ones than systemd 252 can say more.
    if 'verify' in subprocess.run(['udevadm', '--help'], stdout=subprocess.PIPE, text=True).stdout.split():
        result = subprocess.run(['udevadm', 'verify', path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        equal(result.returncode, 0, result.stdout)


def bus_policy():
    """the bus policy names every interface that has methods"""
    allowed = {a.get('send_interface')
               for a in ET.parse(os.path.join(DATA, 'org.bulkhead1.conf')).iter('allow')}
    directory = os.path.join(DATA, '../dbus-interfaces')
    for name in os.listdir(directory):
        if name.endswith('.xml'):
            interface = ET.parse(os.path.join(directory, name)).getroot().find('interface')
            if interface.find('method') is not None:
                check(interface.get('name') in allowed, interface.get('name'))


def activation():
    """the bus starts the unit, which owns the name it is asked for"""
    with open(os.path.join(UNITS, 'org.bulkhead1.service')) as f:
        text = f.read()
    with open(os.path.join(UNITS, 'bulkhead.service')) as f:
        unit = f.read()
    check('SystemdService=bulkhead.service' in text and 'Name=org.bulkhead1\n' in text)
    check('BusName=org.bulkhead1\n' in unit)
    equal(re.findall(r'^Exec=(.*)$', text, re.M), re.findall(r'^ExecStart=(.*)$', unit, re.M))
    check(not re.search(r'@\w+dir@', text + unit), 'a directory is not filled in')


fixture.run([verified, exposure, not_ordered, enabled, generated, drop_ins_are_good, garbage, udev_rule,
             bus_policy, activation])
