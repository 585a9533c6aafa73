# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon killed at random moments of its work: files whole and consistent, state right after a restart."""

import os
import random

from gi.repository import GLib

import fixture
from fixture import NAME, Daemon, check, equal, wait_for

KILLS = 50
NAMES = ('a', 'b', 'c')


def versions(d):
    """The version each file says it has; None: there is none. Every file is whole."""
    found = []
    for name in NAMES:
        try:
            text = d.read_cell(name)
        except FileNotFoundError:
            found.append(None)
            continue
        head, _, rest = text.partition('\n')
        check(head.startswith('# version ') and rest == d.cell_text(name), name, 'is damaged:',
              text[:200])
        found.append(int(head.split()[2]))
    return found


def call_later(d, answers, path, interface, method, signature, *arguments):
    d.connection.call(NAME, path, NAME + '.' + interface, method,
                      GLib.Variant(signature, arguments), None, 0, -1, None,
                      lambda *_: answers.append(method))


def at_random():
    """fifty kills while cells are changed, created, started, stopped and destroyed"""
    seed = int(os.environ.get('BULKHEAD_TEST_SEED', random.randrange(2**32)))
    print('# BULKHEAD_TEST_SEED=%d' % seed)
    dice = random.Random(seed)
    seen = set()
    with Daemon() as d:
        for name in NAMES:
            d.write_cell(name, 'beat 5')
        for number in range(KILLS):
            d.manager('Enable')
            # Only the cells that exist; a change of the last round may have removed one.
            paths = [p for p in d.objects() if '/cells/' in p]
            answers, calls = [], 0
            for step in range(dice.randrange(1, 8)):
                version = number * 10 + step + 1
                changes = {name: '# version %d\n%s' % (version, d.cell_text(name))
                           for name in NAMES}
                if dice.random() < 0.2:
                    changes[dice.choice(NAMES)] = ''
                mode = dice.choice(('persistent', 'until-confirmed'))
                call_later(d, answers, fixture.MANAGER, 'Manager', 'Apply', '(a{ss}tsa{sv})', changes, 0,
                           mode, {'restart': GLib.Variant('b', dice.random() < 0.5),
                                  'timeout': GLib.Variant('u', 1)})
                for method in dice.sample(('Create', 'Load', 'Start', 'Restart', 'Stop',
                                           'Destroy'), 3):
                    if paths:
                        call_later(d, answers, dice.choice(paths), 'Cell', method, '(a{sv})', {})
                calls += 1 + 3 * bool(paths)
            d.connection.flush_sync(None)
            # Some of the work is done, however slow this machine is; what is next is hit in the middle.
            enough = dice.randrange(calls)
            wait_for(lambda: len(answers) >= enough, '%d answers' % enough)
            pause = [False]
            GLib.timeout_add(dice.randrange(0, 20), lambda: pause.__setitem__(0, True))
            wait_for(lambda: pause[0], 'the moment')
            d.kill()
            d.start()
            # What was applied until confirmed is either still there in full or rolled back in full.
            present = {v for v in versions_of_applied(d) if v is not None}
            check(len(present) <= 1, 'files of different changes:', present)
            seen |= present
            equal(d.get(fixture.MANAGER, 'Manager', 'State'), 'disabled')
            for path, interfaces in d.objects().items():
                if '/cells/' in path:
                    equal(interfaces[NAME + '.Cell']['State'], 'defined')
            check(not os.path.exists(d.path('run', 'operation')))
            wait_for(lambda: not d.get(fixture.MANAGER, 'Manager', 'Unconfirmed') or
                     revert(d), 'the roll-back')
        print('# files were seen in %d versions' % len(seen))
        check(len(seen) > 3)
        d.stop()
        left = os.listdir(d.cells) + os.listdir(d.path('state')) + os.listdir(d.path('run'))
        equal([name for name in left if name not in ('placement', 'journal', 'loaded') and
               name.partition('.') not in [(cell, '.', 'cell') for cell in NAMES]], [], 'what is left')


def revert(d):
    try:
        d.manager('Revert')
    except GLib.Error:
        pass
    return True


def versions_of_applied(d):
    """Without the files of the beginning, which have no version."""
    try:
        return versions(d)
    except fixture.Failed:
        if all(d.read_cell(name) == d.cell_text(name) for name in NAMES):
            return []
        raise


fixture.run([at_random])
