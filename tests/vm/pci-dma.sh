# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where Linux drives an IOMMU, a cell's device (00:04.0, edu) reaches the cell's memory at its guest-physical addresses, as far as that
# is marked for DMA, and nothing else. Sourced by tests that say what is different with theirs:
#
#   pin      the interrupt of the device's pin, if that is what it has
#   fault    what the kernel's log says of an access that was refused, as an extended pattern
#   registers  where the IOMMU's are
#   where    how many lines later the address is, at the latest, and the pattern for what stands around @, the address

payloads=/usr/lib/bulkhead/payloads
group=/sys/bus/pci/devices/0000:00:04.0/iommu_group

ended()
{
	bulkhead-ctl --plain list | grep -qE 'name=pci state=(shut-down|failed)'
}

# drive ARGUMENTS: the payload, to its end; then "log" has what it has said.
drive()
{
	bulkhead-ctl load pci $payloads/pci.bin --text "${pin:+pin=$pin }dma ${1-}@0x1000"
	bulkhead-ctl start pci
	await 30 ended || true
	log=$(bulkhead-ctl console pci | tr -d '\r' | tail -n "+$((said + 1))")
	said=$((said + $(echo "$log" | wc -l)))
}

# create MEMORY
create()
{
	bulkhead-ctl create --name pci --cpus 2 --memory "$1" --comm $comm --console --pci 00:04.0 ${pin:+--irq $pin} >/dev/null
	said=0
}

faults()
{
	dmesg | grep -cE "$fault" || true
}

# fault_at ADDRESS
fault_at()
{
	dmesg | grep -A "${where%% *}" -E "$fault" | grep -qE "$(echo "${where#* }" | sed "s/@/0x0*${1#0x}/")"
}

modprobe bulkhead
check "enable" bulkhead-ctl enable
refused "a cell does not get the IOMMU" "code=MEM_PLATFORM" bulkhead-ctl --plain create --name thief --cpus 3 --memory 1M@0 \
	--memory "4K@0x1000000,phys=$registers,rw,io"

create 1M@0,rwx,loadable,dma
phys=$(bulkhead-ctl --plain descriptor pci | sed -n 's/.*phys=\(0x[0-9a-f]*\) .*virt=0x0 .*/\1/p' | head -n 1)
drive
like "DMA reaches the cell's memory where the cell sees it" "$log" '^pci: 256 bytes copied by DMA'
like "it passes" "$log" '^pci: passed'
is "nothing was refused" "$(faults)" 0
# Where that memory lies in the machine, there is nothing for the device.
reached=$(printf '0x%x' $((phys + 0x80000)))
drive "dma-reach=$reached"
like "the cell lives" "$log" '^pci: passed'
check "DMA elsewhere is refused, and told" await 10 fault_at $reached
check "destroy" bulkhead-ctl destroy pci

create 1M@0
drive
like "memory that is not for DMA is not reached" "$log" '^pci: failed: memory is not what the device has copied'
check "destroy" bulkhead-ctl destroy pci
like "the device's address space is Linux' again" "$(cat $group/type)" '^(DMA|DMA-FQ|identity)$'
check "disable" bulkhead-ctl disable
check "the module goes" rmmod bulkhead
