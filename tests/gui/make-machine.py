#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the description of a machine that does not exist: make-machine.py PACKAGES CORES THREADS GIGABYTES"""

import json
import sys

PACKAGES, CORES, THREADS, GIGABYTES = (int(word) for word in sys.argv[1:5])
MIB, GIB = 1 << 20, 1 << 30
BLOCK = 128 * MIB


def bar(index, start, size, io=False, prefetchable=False):
    return {'index': index, 'start': hex(start), 'size': hex(size), 'io': io,
            'is_64bit': False, 'prefetchable': prefetchable}


def device(address, vendor, number, kind, name, driver, bars, **more):
    result = {'address': address, 'vendor': vendor, 'device': number, 'subvendor': 0,
              'subdevice': 0, 'class': kind, 'bridge': False, 'name': name, 'driver': driver,
              'bars': bars, 'irq': 0, 'msi': 0, 'msix': 0, 'iommu_group': None,
              'reset_domain': None, 'reset_methods': ['flr'], 'used_for': [], 'node': 0}
    result.update(more)
    return {key: value for key, value in result.items() if value is not None}


def cpus():
    result = []
    for thread in range(THREADS):
        for package in range(PACKAGES):
            for core in range(CORES):
                number = len(result)
                result.append({'id': number, 'online': True, 'can_offline': number != 0,
                               'apic_id': (package * CORES + core) * THREADS + thread,
                               'package': package, 'core': core, 'node': package})
    return result


def caches(all_cpus):
    result = []
    for package in range(PACKAGES):
        sharing = [c['id'] for c in all_cpus if c['package'] == package]
        result.append({'level': 3, 'type': 'unified', 'size': hex(32 * MIB), 'cpus': sharing})
    return result


def memory():
    """RAM below 3 GiB, a hole for devices, the rest above 4 GiB; the firmware keeps a little."""
    low, high = min(GIGABYTES, 3) * GIB, max(GIGABYTES - 3, 0) * GIB
    ranges = [(0, 0x9f000), (MIB, low - 34 * MIB)] + ([(4 * GIB, high)] if high else [])
    regions = [{'start': hex(start), 'size': hex(size), 'level': 0, 'name': 'System RAM'}
               for start, size in ranges]
    regions.append({'start': '0x9f000', 'size': hex(0x61000), 'level': 0, 'name': 'Reserved'})
    regions.append({'start': hex(low - 33 * MIB), 'size': hex(32 * MIB), 'level': 0,
                    'name': 'ACPI Tables'})
    regions.append({'start': '0xe0000000', 'size': hex(256 * MIB), 'level': 0,
                    'name': 'PCI MMCONFIG 0000 [bus 00-ff]'})
    regions.sort(key=lambda region: int(region['start'], 16))
    blocks = [{'start': hex(start), 'size': hex(BLOCK), 'online': True,
               'removable': start >= GIB, 'zone': 'Normal', 'node': 0}
              for base, length in ((0, low), (4 * GIB, high))
              for start in range(base, base + length, BLOCK)]
    return regions, blocks


def devices():
    return [
        device('0000:00:00.0', 0x1022, 0x1480, 0x060000, 'Root Complex', None, [], bridge=True),
        device('0000:00:02.0', 0x8086, 0x10d3, 0x020000, '82574L Gigabit Network Connection',
               'e1000e', [bar(0, 0xfeb80000, 0x20000), bar(2, 0xe000, 32, io=True)],
               msix=5, iommu_group='4', used_for=['network eth0 (default route)']),
        device('0000:00:03.0', 0x8086, 0x10d3, 0x020000, '82574L Gigabit Network Connection',
               'e1000e', [bar(0, 0xfebc0000, 0x20000), bar(2, 0xe020, 32, io=True)],
               msix=5, iommu_group='5'),
        device('0000:00:1f.2', 0x8086, 0x2922, 0x010601, '6 port SATA Controller [AHCI mode]',
               'ahci', [bar(5, 0xfebd0000, 0x1000)], msi=1, iommu_group='6',
               used_for=['disk /', 'disk /boot']),
        device('0000:01:00.0', 0x1234, 0xbeef, 0x118000, 'Field bus controller', None,
               [bar(0, 0xfe800000, 0x10000), bar(1, 0xc0000000, 4 * MIB, prefetchable=True)],
               irq=19, iommu_group='7'),
    ]


regions, blocks = memory()
all_cpus = cpus()
json.dump({
    'version': 1, 'name': 'Example Computers Model %d' % len(all_cpus), 'architecture': 'x86-64',
    'kernel': '6.1.0', 'cpu_model': 'Example CPU', 'virtualization': 'svm', 'guest': False,
    'simulated': False, 'memory_size': hex(GIGABYTES * GIB), 'block_size': hex(BLOCK),
    'cpus': all_cpus, 'caches': caches(all_cpus), 'blocks': blocks, 'regions': regions,
    'devices': devices(), 'nodes': [],
    'uarts': [{'name': 'ttyS0', 'type': '16550A', 'start': '0x3f8', 'io': True, 'irq': 4,
               'console': True},
              {'name': 'ttyS1', 'type': '16550A', 'start': '0x2f8', 'io': True, 'irq': 3,
               'console': False}],
    'iommus': [],
    'intcs': [{'type': 'ioapic', 'id': 0, 'address': '0xfec00000', 'cpu_address': '0x0',
               'gsi_base': 0, 'pins': 24}],
    'interrupts': [], 'mmconfigs': [{'start': '0xe0000000', 'segment': 0, 'first_bus': 0,
                                     'last_bus': 255}],
}, sys.stdout, indent=1)
print()
