# SPDX-License-Identifier: GPL-2.0-or-later
"""Work as objects on the bus: what each job says of itself, step by step, how it is cancelled, and what is left of it after a kill."""

import os
import time

import fixture
from fixture import MANAGER, Daemon, check, equal, needs_root, options, refused, system_daemon, wait_for

JOB = 'org.bulkhead1.Job'


class Jobs:
    """All jobs there are from now on, by signals alone: [properties, told, finished], told is (phase, progress) each time."""

    def __init__(self, daemon):
        self.jobs = {}
        self.order = []
        for interface, signal, function in (
                ('org.freedesktop.DBus.ObjectManager', 'InterfacesAdded', self.on_added),
                ('org.freedesktop.DBus.Properties', 'PropertiesChanged', self.on_changed),
                (JOB, 'Finished', self.on_finished)):
            daemon.connection.signal_subscribe(fixture.NAME, interface, signal, None, None, 0, function)

    def on_added(self, connection, sender, path, interface, signal, arguments):
        path, interfaces = arguments.unpack()
        if JOB in interfaces:
            self.jobs[path] = [interfaces[JOB], [], None]
            self.order.append(path)

    def on_changed(self, connection, sender, path, interface, signal, arguments):
        if path in self.jobs:
            properties, told, _ = self.jobs[path]
            properties.update(arguments.unpack()[1])
            told.append((properties['Phase'], round(properties['Progress'], 3)))

    def on_finished(self, connection, sender, path, interface, signal, arguments):
        self.jobs[path][2] = arguments.unpack()

    def count(self, operation):
        """How many of these have finished."""
        return len([p for p, _, finished in self.jobs.values() if finished and p['Operation'] == operation])

    def take(self, operation):
        """The next job, which has finished and does this."""
        wait_for(lambda: self.order and self.jobs[self.order[0]][2], 'the end of ' + operation)
        properties, told, finished = self.jobs[self.order.pop(0)]
        equal(properties['Operation'], operation)
        progress = [p for _, p in told]
        equal(progress, sorted(progress), 'the progress of ' + operation)
        equal(progress[-1:] == [1], finished[0], 'whether %s has come to 1' % operation)
        return properties, told, finished


def steps():
    """each job says who asked for what and when, and each of its steps; on success it comes to 1"""
    with Daemon() as d:
        jobs = Jobs(d)
        text = d.write_cell('one')
        d.write_cell('two')
        d.reload()
        before = time.time() * 1e6
        d.manager('Enable')
        properties, told, finished = jobs.take('enable')
        equal(told, [('enabling', 0), ('reading', 0.9), ('reading', 1)])
        equal(finished, (True, '', ''))
        check(before <= properties['StartTime'] <= time.time() * 1e6, properties)
        equal((properties['Requester'], properties['Objects']), (os.getuid(), [MANAGER]))
        d.cell('one', 'Start')
        properties, told, _ = jobs.take('start')
        equal(properties['Objects'], [d.cell_path('one')])
        end = [('reading', 0.9), ('reading', 1)]
        equal(told, [('creating', 0.2), ('loading', 0.5), ('starting', 0.8)] + end)
        d.cell('one', 'Restart')
        equal(jobs.take('restart')[1], [('stopping', 0), ('loading', 0.5), ('starting', 0.8)] + end)
        d.cell('one', 'Stop')
        equal(jobs.take('stop')[1], [('stopping', 0)] + end)
        refused('Exists', d.cell, 'one', 'Create')
        _, told, finished = jobs.take('create')
        equal((finished[:2], told), ((False, 'org.bulkhead1.Error.Exists'), [('reading', 0.9)]))
        check('exists' in finished[2], finished)
        d.cell('two', 'Create')
        equal(jobs.take('create')[1], [('creating', 0.2)] + end)
        # Of two cells whose files change one does not exist.
        d.cell('two', 'Destroy')
        equal(jobs.take('destroy')[1], [('destroying', 0.1)] + end)
        d.manager('Apply', '(a{ss}tsa{sv})', {'one': text + '# new\n'}, 0, 'verify', {})
        changes = {'one': text + '# new\n', 'two': text + '# new\n'}
        d.manager('Apply', '(a{ss}tsa{sv})', changes, 0, 'persistent', options(restart=('b', True)))
        properties, told, _ = jobs.take('apply')
        equal(told, [('writing', 0), ('writing', 0.25), ('restarting', 0.5), ('restarting', 0.75), ('restarting', 1)])
        equal((properties['Requester'], properties['Objects']), (os.getuid(), [MANAGER]))
        equal(jobs.take('load')[0]['Objects'], [d.cell_path('one')])
        refused('InvalidConfig', d.manager, 'Apply', '(a{ss}tsa{sv})', {'one': 'x'}, 0, 'persistent', {})
        _, told, finished = jobs.take('apply')
        equal((told, finished[:2]), ([], (False, 'org.bulkhead1.Error.InvalidConfig')))
        d.cell('two', 'Start')
        jobs.take('start')
        d.manager('Disable', '(a{sv})', options(force=('b', True)))
        equal(jobs.take('disable')[1],
              [('stopping', 0), ('stopping', 0.167), ('destroying', 0.333), ('destroying', 0.5),
               ('disabling', 0.667)] + end)
        check(not any('/jobs/' in path for path in d.objects()))


def locked():
    """a forced Disable() is not held up by a cell that allows no change of others"""
    with Daemon() as d:
        d.write_cell('first', more='Id=1')
        d.write_cell('second', 'state running/locked\nbeat 50', more='Id=2')
        d.ready()
        d.cell('first', 'Start')
        d.cell('second', 'Start')
        d.wait_cell('second', 'State', 'running-locked')
        refused('Denied', d.cell, 'first', 'Destroy', '(a{sv})', options(force=('b', True)))
        d.manager('Disable', '(a{sv})', options(force=('b', True)))
        equal(d.get(MANAGER, 'Manager', 'State'), 'disabled')


@needs_root
def cancelled():
    """what has not begun is cancelled, and nothing of it is done"""
    with system_daemon() as d:
        d.write_cell('a')
        d.reload()
        d.hold()
        enable = d.call_later(MANAGER, 'Manager', 'Enable')
        job = d.wait_job('enable', MANAGER)
        equal((d.get(job, 'Job', 'Phase'), d.get(job, 'Job', 'Progress')), ('waiting', 0))
        equal(d.get(MANAGER, 'Manager', 'State'), 'enabling')
        d.call(job, 'Job', 'Cancel')
        d.call(job, 'Job', 'Cancel')
        d.release()
        wait_for(lambda: enable, 'the answer')
        equal((enable, d.get(MANAGER, 'Manager', 'State')), (['Cancelled'], 'disabled'))
        d.manager('Enable')
        d.hold()
        answers = {}
        for method in ('Create', 'Start'):
            answers[method] = d.call_later(d.cell_path('a'), 'Cell', method)
        job = d.wait_job('start', d.cell_path('a'))
        d.call(job, 'Job', 'Cancel')
        d.release()
        wait_for(lambda: all(answers.values()), 'both answers')
        equal(answers, {'Create': [''], 'Start': ['Cancelled']})
        equal(d.cell_get('a', 'State'), 'shut-down')


def asking():
    """a cell that denies, and is asked again and again, is left alone after that is cancelled"""
    with Daemon() as d:
        d.write_cell('deny', 'deny-shutdown\nprint no\nbeat 50')
        d.ready()
        d.cell('deny', 'Start')
        wait_for(lambda: d.cell('deny', 'ReadLog'), 'its script')
        stop = d.call_later(d.cell_path('deny'), 'Cell', 'Stop', '(a{sv})', options(timeout=('u', 3600)))
        d.call(d.wait_job('stop', d.cell_path('deny')), 'Job', 'Cancel')
        wait_for(lambda: stop, 'the answer')
        equal((stop, d.cell_get('deny', 'State')), (['Cancelled'], 'running'))


@needs_root
def apply_cancelled():
    """an Apply() that is cancelled makes no further cell anew; an unconfirmed one goes back"""
    with system_daemon() as d:
        d.write_cell('a')
        d.write_cell('b')
        d.ready()
        for name in ('a', 'b'):
            d.cell(name, 'Create')
        jobs = Jobs(d)
        old = {name: d.read_cell(name) for name in ('a', 'b')}
        new = {name: text.replace('512K', '768K') for name, text in old.items()}

        def sizes():
            return [d.cell_get(name, 'Memory')[0][3] >> 10 for name in ('a', 'b')]

        def cancel_second(mode):
            d.hold()
            answer = d.call_later(MANAGER, 'Manager', 'Apply', '(a{ss}tsa{sv})', new, 0, mode,
                                  options(restart=('b', True)))
            job = d.wait_job('apply', MANAGER)
            # The first cell is at it already: that is not left in the middle.
            wait_for(lambda: d.get(job, 'Job', 'Phase') == 'restarting', 'the first')
            equal(d.get(job, 'Job', 'Progress'), 0.5)
            d.call(job, 'Job', 'Cancel')
            d.release()
            wait_for(lambda: answer, 'the answer')
            equal(answer, ['Cancelled'])

        cancel_second('until-confirmed')
        wait_for(lambda: not d.get(MANAGER, 'Manager', 'Unconfirmed'), 'the roll-back')
        equal({name: d.read_cell(name) for name in old}, old)
        # One with the change; and both again with what was before.
        wait_for(lambda: jobs.count('load') == 3, 'the cells as they were')
        equal(sizes(), [512, 512])
        cancel_second('persistent')
        equal({name: d.read_cell(name) for name in new}, new)
        equal(sorted(sizes()), [512, 768])
        equal(sorted(d.cell_get(name, 'Pending') for name in new), [False, True])


@needs_root
def recovered():
    """a forced Disable() that the daemon was killed in goes on; without that what is enabled stays so"""
    with system_daemon('--enabled') as d:
        equal(d.get(MANAGER, 'Manager', 'State'), 'enabled')
    with system_daemon('--enabled', start=False) as d:
        note = d.path('run', 'disable')
        os.makedirs(d.path('run'))
        with open(note, 'w'):
            pass
        d.start()
        wait_for(lambda: d.get(MANAGER, 'Manager', 'State') == 'disabled', 'the end of it')
        check(not os.path.exists(note))
        d.manager('Enable')
        d.write_cell('a')
        d.reload()
        d.cell('a', 'Start')
        d.manager('Disable', '(a{sv})', options(force=('b', True)))
        check(not os.path.exists(note))


fixture.run([steps, locked, cancelled, asking, apply_cancelled, recovered])
