#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The first program of a Linux in a cell: see linux-cell.sh.

export PATH=/bin:/usr/bin:/usr/sbin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
dmesg -n 1

# wanted WORD: is it on the command line?
wanted()
{
	grep -q -w "$1" /proc/cmdline
}

# Several starts of a cell write to one console.
me="cell $(sed -n 's/.*word=\([^ ]*\).*/\1/p' /proc/cmdline)"

cpus=$(grep -c ^processor /proc/cpuinfo)
echo "$me: Linux $(uname -r) on $cpus CPUs"
echo "$me: it is $(date +%s)"

# What a kernel for Jailhouse guests would look for. field FORMAT OFFSET SIZE
setup=/sys/kernel/boot_params/setup_data/0
field()
{
	od -A n -t "$1" -j "$2" -N "$3" $setup/data | xargs
}
[ ! -e $setup ] || echo "$me: setup data of type $(cat $setup/type) and version $(field u2 0 2): $(field u2 6 2) CPUs, $(field u1 25 "$cpus")," \
	"configuration space at $(field x8 8 8), timers at $(field u4 16 4) and $(field u4 20 4) kHz"

# What the machine says it is an incarnation of. The object ADDR of the SSDT has the address; the kernel has mapped it in a
# way that lets nobody else map it, but not read.
tables=/sys/firmware/acpi/tables
if [ -e $tables ]; then
	at=$(od -A n -v -t x1 $tables/SSDT* | tr -d ' \n' | sed -n 's/.*4144445212..020c\(..\)\(..\)\(..\)\(..\).*/0x\4\3\2\1/p')
	echo "$me: generation $(dd if=/dev/mem bs=4 skip=$((at / 4)) count=4 2>/dev/null | od -A n -t x4 | xargs) at $((at)) with" \
		"$(ls -d /sys/bus/*/drivers/vmgenid/*:* | wc -l) driver"
fi

# Each CPU takes its own timer's interrupts.
for cpu in $(seq 0 $((cpus - 1))); do
	taskset -p $((1 << cpu)) $$ >/dev/null
	usleep 50000 && echo "$me: CPU $cpu slept"
done

# register ADDRESS [VALUE]: a word of a device.
register()
{
	devmem "$1" 32 ${2+"$2"}
}

# config OFFSET BYTE…: of the function, each byte by itself.
config()
{
	local at=$1 byte
	shift
	for byte; do
		printf "\\x$byte" | dd of="$function/config" bs=1 seek=$at conv=notrunc 2>/dev/null
		at=$((at + 1))
	done
}

# What the kernel counts of the interrupt that is borrowed below: its own, for rescheduling.
taken()
{
	sed -n 's/^ *RES: *\([0-9]*\) .*/\1/p' /proc/interrupts
}

# look: at the only function there is, and how the kernel came to it.
look()
{
	echo "$me: $(dmesg | grep -c 'PCI host bridge to bus 0000:00') host bridge, $(ls /sys/bus/pci/devices | wc -l) functions"
	dmesg | grep -E 'PCI: (MMCONFIG|ECAM)|ECAM at|DMI:|vmgenid|Fatal' | sed "s/^/$me: kernel: /"
	function=$(ls -d /sys/bus/pci/devices/*)
	echo "$me: ${function##*/} $(cat "$function/vendor") $(cat "$function/device") class $(cat "$function/class")"
	registers=$(sed -n '1s/ .*//p' "$function/resource")
	table=$(sed -n '2s/ .*//p' "$function/resource")
	echo "$me: BARs at $registers $table"
}

# The functions on the bus, where the kernel has put them, and a link used without a driver: doorbells to itself and to a
# peer that answers (payload link) come as MSI-X, with the kernel's vector for rescheduling as the message.
if wanted do=link; then
	look
	echo 1 >"$function/enable"
	config 4 06
	taskset -p 1 $$ >/dev/null
	apic=$(sed -n 's/^apicid.*: //p' /proc/cpuinfo | head -n 1)
	for vector in 0 1; do
		register $((table + vector * 16)) $((0xfee00000 | apic << 12))
		register $((table + vector * 16 + 4)) 0
		register $((table + vector * 16 + 8)) 0xfd
		register $((table + vector * 16 + 12)) 0
	done
	config 98 00 80
	echo "$me: peer $(($(register "$registers"))) of $(($(register $((registers + 4)))))"
	register $((registers + 8)) 1
	before=$(taken)
	for i in 1 2 3 4 5; do
		register $((registers + 12)) 1
	done
	echo "$me: $(($(taken) - before)) interrupts of 5 doorbells to itself"
	memory=$(od -A n -t u8 -j 88 -N 8 "$function/config")
	before=$(taken)
	register $((registers + 16)) 1
	for i in 1 2 3; do
		register $((memory + 0x1000 + 4)) $i
		register $((registers + 12)) 0x10001
		while [ $(($(register $((memory + 0x2000 + 64))))) != $i ]; do usleep 1000; done
	done
	echo "$me: 3 answers with $(($(taken) - before)) interrupts"
fi

# A program of the link library talks to a peer (payload link, role=talk), through the driver.
if wanted do=talk; then
	exec 3>&2 2>/complaints
	insmod /uio.ko
	insmod /bulkhead_uio.ko
	look
	answers=$(seq 20 | timeout 60 link-talk /dev/uio0 1 | grep -c '^answer to: ')
	exec 2>&3
	sed "s/^/$me: complaint: /" /complaints
	grep "${function##*/}" /proc/interrupts | while read -r _ taken chip _; do echo "$me: talked: $taken interrupts at $chip"; done
	echo "$me: talked: $answers answers of 20"
fi

# A network over the link, with the services of the payload "net", and with iperf3 and ssh; or a client of another's.
if wanted do=net; then
	insmod /bulkhead_net.ko
	interface=$(ls /sys/bus/pci/drivers/bulkhead_net/*/net)
	ip addr add 192.168.19.2/24 dev "$interface"
	ip link set lo up
	ip link set "$interface" up
	net-talk serve &
	if wanted services; then
		mkdir -p /dev/pts
		mount -t devpts devpts /dev/pts
		iperf3 -s >/dev/null 2>&1 &
		dropbear -R
	fi
	until [ "$(cat "/sys/class/net/$interface/carrier")" = 1 ]; do usleep 50000; done
	echo "$me: carrier, MTU $(cat "/sys/class/net/$interface/mtu")"
	if wanted ask; then
		ping -c 3 -W 10 192.168.19.1 >/dev/null && echo "$me: ping"
		echo "$me: sink: $(net-talk sink 192.168.19.1 5000000)"
		echo "$me: tcp: $(net-talk tcp 192.168.19.1 1000000)"
	fi
fi

# Network cards of the machine, which the kernel's own driver drives: each asks QEMU's gateway by its pin and by DMA.
if wanted do=card; then
	for module in pps_core ptp e1000e; do
		[ ! -e /$module.ko ] || insmod /$module.ko
	done
	for card in /sys/bus/pci/drivers/e1000e/*:*; do
		interface=$(basename "$card"/net/*)
		echo "$me: card ${card##*/} with BAR $(sed -n '1s/ .*//p' "$card/resource")"
		ip link set "$interface" up
		ip addr add 10.0.2.15/24 dev "$interface"
		until [ "$(cat "/sys/class/net/$interface/carrier")" = 1 ]; do usleep 50000; done
		ping -c 3 -W 10 10.0.2.2 >/dev/null && echo "$me: card ${card##*/} reaches the gateway"
		echo "$me: card ${card##*/} interrupts by $(awk -v name="$interface" '$NF == name { print $(NF - 3), $(NF - 2), $(NF - 1), ($2 > 0) }' /proc/interrupts)"
		ip link set "$interface" down
	done
	for function in /sys/bus/pci/devices/*; do
		echo "$me: function ${function##*/} is $(cat "$function/vendor"):$(cat "$function/device")"
		[ "$(cat "$function/vendor")" = 0x110a ] || continue
		echo 1 >"$function/enable"
		echo "$me: link of $(($(register $(($(sed -n '1s/ .*//p' "$function/resource") + 4))))) peers"
	done
fi

# More than the cell was given: memory, a port, a message to a foreign CPU. What follows is the policy's choice.
if wanted do=wild; then
	echo "$me: wild"
	for function in /sys/bus/pci/devices/*; do
		for i in $(seq 64); do
			[ ! -e "$function" ] || config $((i * 2)) ff ff
		done
	done
	for address in 0x20000000 0xfec00000 0xfed00000 0xf0000000; do
		register $address 0xffffffff
	done
	echo "$me: wild is over"
fi

wanted do=sum && echo "$me: $(md5sum </big)"
wanted do=shell && PS1="$me: # " setsid cttyhack sh
# What has been said is on its way before the end comes: a change of the terminal waits for it.
stty sane </dev/console
wanted do=hang && while :; do :; done
wanted end=stay && exec sleep 1000000
wanted end=reboot && reboot -f
wanted end=panic && echo c >/proc/sysrq-trigger
poweroff -f
