# SPDX-License-Identifier: GPL-2.0-or-later
"""What people do with the configurator from its beginning to its end, on a simulated machine, as a screen reader does it.

What GTK 4.8 does not tell or do through AT-SPI is left to the keyboard, or to the other tests: check buttons and rows of lists
have no action, a stack does not tell which of its pages is in front, and a terminal (VTE 0.70) not what it shows."""

import os
import sys

from person import ESCAPE, LAUNCHER, RETURN, RIGHT, TAB, Person, fixture

USED = ('button', 'check box', 'entry', 'tab', 'text', 'toggle button')
MACHINE = 'The machine and its cells'
SECONDS = 'Time to confirm, in seconds Time to confirm'
NOTHING = '0 pending changes'


def show(cell, page):
    """A page of a cell."""
    person.choose(cell, MACHINE)
    person.click(page, 'tab')


def write(name, text):
    """Into an input of the page "Configure"; its row."""
    def do():
        scene = person.look()
        row = scene.find('list item', name)
        entry = row and scene.find('text', name, row)
        return entry and person.write(entry, text) and row
    return person.wait(do, 'the input “%s”' % name)


def see_in(row, text):
    person.wait(lambda: person.look().below(row).says(text), '“%s” in the row “%s”' % (text, row.name))


def wizard():
    """A new cell, from the keys for it to its heart beating"""
    person.key('Control', 'n')
    window = person.see('frame', 'New Cell')
    person.click('Next', within=window)
    person.write(person.see('text', 'Name', within=window), 'first')
    # A click that comes while the page still moves does nothing.
    person.wait(lambda: person.try_click('Create and Start', within=window) or
                person.try_click('Next', within=window) and False, 'the last page')
    person.read('first runs, and its heart beats.')
    fixture.check('HeartbeatSec=' in daemon.read_cell('first'), 'the file expects no heartbeat')
    person.click('Show the Cell')
    person.read('“first” is running.')
    fixture.equal(daemon.cell_get('first', 'State'), 'running')


def conflicts():
    """Each kind of conflict is said in its row, with who else wants it, and gone when it is undone"""
    with open(os.path.join(daemon.cells, 'second.cell'), 'w') as file:
        file.write(daemon.cell_text('second', 'Id=7\n').replace('Cpus=count:1', 'Cpus=2'))
    show('second', 'Configure')
    show('first', 'Configure')
    for name, value, sentence in (
            ('CPUs', '9', 'CPU 9'),
            ('CPUs', '0', 'CPU 0'),
            ('CPUs', '1,1', 'CPU 1'),
            ('CPUs', '2', 'second'),
            ('Number', '7', 'second'),
            ('Longest silence', 'soon', 'soon'),
            ('Size', 'many', 'many'),
            ('Size', '4097', 'whole pages'),
            ('Entry point', '0x40000000', 'no executable memory')):
        row = write(name, value)
        see_in(row, sentence)
        person.click('Undo')
        person.read(NOTHING)


def undo_redo():
    """Changes are undone and redone by the keyboard"""
    person.choose('first', MACHINE)
    write('Longest silence', '20')
    person.read('1 pending change')
    write('Time to shut down', '2')
    person.read('2 pending changes')
    person.key('Control', 'z')
    person.read('1 pending change')
    person.key('Control', 'Shift', 'z')
    person.read('2 pending changes')
    person.key('Control', 'z')
    person.key('Control', 'z')
    person.read(NOTHING)


def roll_back():
    """What is applied and not kept is as before, by a button or by itself"""
    write('Longest silence', '20')
    person.key('Control', RETURN)
    person.click('Apply')
    person.click('Roll Back')
    person.wait(lambda: 'HeartbeatSec=3\n' in daemon.read_cell('first'), 'the old file')
    person.read('1 pending change')
    person.set_value(SECONDS, 5)
    person.click('Apply')
    person.wait(lambda: 'was not confirmed: it is rolled back' in daemon.read_log(), 'that nobody answers')
    person.wait(lambda: 'HeartbeatSec=3\n' in daemon.read_cell('first'), 'the old file, by itself')
    person.read('1 pending change')


def keep():
    """What is applied and kept stays"""
    person.set_value(SECONDS, 600)
    person.click('Apply')
    person.click('Keep')
    person.read(NOTHING)
    fixture.check('HeartbeatSec=20\n' in daemon.read_cell('first'), 'the file is another one')
    # It was made anew with it.
    daemon.wait_cell('first', 'HeartbeatTimeout', 20000000)
    daemon.wait_cell('first', 'State', 'running')


def go_to_cpu(name):
    """Its menu, opened and closed, leaves it with the focus."""
    before = person.focused()
    person.click(name)
    person.wait(lambda: person.focused() not in (before, None), 'the menu of ' + name)
    person.key(ESCAPE)
    person.at(name)


def several():
    """Two CPUs are chosen by the keyboard, and moved together"""
    person.choose('Simulated machine', MACHINE)
    person.click('Map', 'tab')
    for name in ('CPU 1: root', 'CPU 2: root now; planned for second'):
        go_to_cpu(name)
        person.key('Control', ' ')
        person.see('button', name + ' (chosen)')
    person.key(RETURN)
    person.at(name + ' (chosen)', False)
    person.click('first', 'menu item')
    person.read('2 pending changes')
    person.read('Move CPUs 1, 2 to first')
    # As they were moved together.
    person.key('Control', 'z')
    person.read(NOTHING)
    person.key('Control', 'Shift', 'z')
    person.read('2 pending changes')
    person.key('Control', 'z')
    person.read(NOTHING)


def memory():
    """A range of memory is marked and given by the keyboard"""
    person.choose('Simulated machine', MACHINE)
    person.click('Map', 'tab')
    person.click('Show the Memory Closer')
    go_to_cpu('CPU 3: first')
    person.tab_to(lambda part: part.startswith('root'), 'the memory of the root')
    person.key('Shift', RIGHT)
    person.key('Shift', RIGHT)
    person.key(RETURN)
    size = person.see('text', 'Size')
    person.wait(lambda: person.text_of(size), 'a size')
    person.click('Give')
    person.read('1 pending change')
    person.key('Control', 'z')
    person.read(NOTHING)


def links():
    """A link is planned by the keyboard, from the menu of one cell in the picture of links"""
    person.choose('Simulated machine', MACHINE)
    person.click('Links', 'tab')
    person.see('button', 'second: no links')
    go_to_cpu('first: no links')
    person.key(RETURN)
    person.at('first: no links', False)
    person.click('second', 'menu item')
    person.read('1 pending change')
    person.see('button', 'first: linked with second')
    person.see('button', 'second: linked with first')
    person.key('Control', 'z')
    person.read(NOTHING)


def typing():
    """What is typed goes to a cell that takes it, whatever keys it is; Ctrl+Tab leads out"""
    write_kernel()
    with open(os.path.join(daemon.cells, 'linux.cell'), 'w') as file:
        file.write('[Cell]\nCpus=2\n[Memory low]\nSize=1M\nGuestAddress=0\n[Memory comm]\nType=comm\n'
                   '[Memory main]\nSize=64M\nGuestAddress=0x200000\n'
                   '[Linux]\nKernel=%s\n' % daemon.path('kernel'))
    show('linux', 'Overview')
    person.click('Start')
    daemon.wait_cell('linux', 'State', 'running')
    show('linux', 'Console')
    person.read('What you type goes to the cell. Ctrl+Tab leaves it.')
    # A program that was just started has the keyboard nowhere yet.
    person.key(TAB)
    person.tab_to(lambda part: part == 'Console of the cell', 'the console')

    def said():
        return bytes(daemon.cell('linux', 'ReadLog'))

    # The keys of the window among them: here they erase a word, stop a program, end the input.
    for key in 'ls':
        person.key(key)
    for key in 'wzqnf':
        person.key('Control', key)
    person.key('!')
    person.wait(lambda: b'ls\x17\x1a\x11\x0e\x06!' in said(), 'what was typed')
    person.key('Control', TAB)
    person.at('Console of the cell', False)
    person.key('Control', 'n')
    person.see('frame', 'New Cell')
    person.key(ESCAPE)
    person.wait(lambda: not person.look().find('frame', 'New Cell'), 'that the wizard is gone')
    # Others need its CPU.
    daemon.cell('linux', 'Destroy')
    os.unlink(os.path.join(daemon.cells, 'linux.cell'))


def killed():
    """What is planned is there again after the program was killed"""
    show('first', 'Configure')
    write('Longest silence', '25')
    write('Time to shut down', '4')
    person.read('2 pending changes')
    # It is written a tenth of a second after the last change.
    person.wait(lambda: 'ShutdownTimeoutSec' in read_plan(), 'the changes on the disk')
    person.kill()
    fixture.check('HeartbeatSec=20\n' in daemon.read_cell('first'), 'it was applied')
    person.start()
    person.read('2 pending changes')
    show('first', 'Configure')
    row = person.see('list item', 'Longest silence')
    person.wait(lambda: person.text_of(person.look().find('text', 'Longest silence', row)) == '25', 'the value')
    person.key('Control', 'z')
    person.read('1 pending change')
    person.key('Control', 'z')
    person.read(NOTHING)


def read_plan():
    """What the program keeps of what is planned."""
    texts = []
    for name in os.listdir(daemon.path('home', 'bulkhead')):
        with open(daemon.path('home', 'bulkhead', name)) as file:
            texts.append(file.read())
    return ''.join(texts)


def write_kernel():
    """What looks like the head of a Linux kernel: boot.rst of the kernel's documentation."""
    head = bytearray(1 << 20)
    for offset, data in ((0x1f1, b'\x01'), (0x1f4, b'\0\x80'), (0x1fe, b'\x55\xaa\xeb\x66HdrS\x0c\x02'),
                         (0x22c, b'\xff\xff\xff\x7f'), (0x230, b'\0\0\x20\0\x01\0\x01'),
                         (0x238, b'\xff\x07'), (0x258, b'\0\0\x40')):
        head[offset:offset + len(data)] = data
    with open(daemon.path('kernel'), 'wb') as file:
        file.write(head)


def crash():
    """A forbidden access is explained, the grant that allows it proposed, and with it the cell goes on"""
    daemon.write_cell('printer', 'print ready\nwait 20\ncrash pio 0x378\nprint done\nbeat 100',
                      '[Service]\nRestart=no\n')
    show('printer', 'Overview')
    person.click('Start')
    person.read('“printer” has failed. It was stopped for a forbidden access.')
    person.read('I/O port 0x378')
    person.click('Allow This…')
    dialog = person.see('dialog', 'Allow This to printer?')
    person.click('Add to Changes', within=dialog)
    person.read('1 pending change')
    person.key('Control', RETURN)
    person.click('Apply')
    person.click('Keep')
    person.read(NOTHING)
    fixture.check('Range=0x378' in daemon.read_cell('printer'), 'the port is not in the file')
    show('printer', 'Overview')
    person.click('Start')
    person.read('“printer” is running.')


def console():
    """A console is there, by its name, also in a window of its own; stopping says what it does"""
    show('first', 'Console')
    person.see('filler', 'Console of the cell')
    person.click('Show in a Window of Its Own')
    window = person.see('frame', 'Console of first')
    person.see('filler', 'Console of the cell', within=window)
    show('first', 'Overview')
    person.click('Stop')
    daemon.wait_cell('first', 'State', 'loadable')


def names():
    """Everything that can be used has a name that people understand"""
    bad = set()

    def nameless(where):
        scene = person.look()
        # What GTK makes these of is its own affair.
        inner = {w.path for whole in scene if whole.role in ('combo box', 'spin button')
                 for w in scene.below(whole)}
        return {'%s: %s “%s” %s' % (where, widget.role, widget.name, widget.description)
                for widget in scene if widget.path not in inner and widget.role in USED and (
                    not widget.name or widget.name.startswith(('Gtk', 'Adw', 'Bhg', 'Bhe', 'Vte')))}

    def look(where):
        try:
            person.wait(lambda: not nameless(where), 'names', 10)
        except fixture.Failed:
            bad.update(nameless(where))

    # The button that closes a message is libadwaita's, and has none.
    person.try_click('GtkImage')
    person.choose('Simulated machine', MACHINE)
    for page in ('Overview', 'Map', 'Devices', 'Links', 'Health'):
        person.click(page, 'tab')
        look(page)
    for page in ('Overview', 'Console', 'Journal', 'Configure', 'Source'):
        show('first', page)
        look('first, ' + page)
    fixture.check(not bad, '\n'.join(sorted(bad)))


if not os.path.exists(LAUNCHER):
    print('1..0 # SKIP there is no at-spi2-core')
    sys.exit()
with fixture.Daemon(start=False) as daemon:
    # On the simulated machine nobody executes it.
    daemon.environment['BULKHEAD_LINUX_LOADER'] = daemon.path('kernel')
    daemon.start()
    person = Person(daemon, [os.environ['BULKHEAD_CONFIGURATOR'], '--address=' + daemon.bus.address])
    try:
        person.read('No cells yet')
        fixture.run([wizard, typing, conflicts, undo_redo, roll_back, keep, several, memory, links, killed, crash, console,
                     names])
    finally:
        person.close()
