#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tools/demo --gui does in the board: opens it to ssh, makes two cells, and waits until the window is closed.

set -e
install -d -m 700 /root/.ssh
install -m 600 /mnt/share/key.pub /root/.ssh/authorized_keys
modprobe bulkhead
mkdir -p /root/cells
cd /root/cells
cat >heart.cell <<'END'
[Cell]
Description=A program whose heart beats
Cpus=count:1
CommandLine=period-ms=500
HeartbeatSec=10

[Memory ram]
Size=1M
GuestAddress=0

[Memory comm]
Type=comm

[Image program]
File=/usr/lib/bulkhead/payloads/heartbeat.bin
END
cat >intruder.cell <<'END'
[Cell]
Description=A program that reaches for what others own
Cpus=count:1
CommandLine=kind=memory-read address=0x20000000

[Memory ram]
Size=1M
GuestAddress=0

[Memory comm]
Type=comm

[Image program]
File=/usr/lib/bulkhead/payloads/intruder.bin

[Service]
Restart=no
END
bulkhead enable
bulkhead apply heart.cell intruder.cell
systemctl start bulkhead-cell@heart
: >/mnt/share/up
while [ ! -e /mnt/share/done ]; do sleep 0.5; done
