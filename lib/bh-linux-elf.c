// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kernels as ELF files: vmlinux, and others that have the PVH entry point (xen/include/public/elfnote.h, note 18).
 * The file's own place is where it runs.
 */

#include <elf.h>
#include <inttypes.h>
#include "bh-linux-private.h"

#define NOTE_PVH_ENTRY 18
#define NOTES_MAX 65536
#define LINUX_VIRTUAL \
	0xffffffff80000000 /* Linux' Documentation/x86/x86_64/mm.rst: where its text is */

bool bh_linux_is_elf(const struct bh_linux_request *request)
{
	return request->head_size >= sizeof(Elf64_Ehdr) && !memcmp(request->head, ELFMAG, SELFMAG);
}

static const char *header_check(const struct bh_linux_request *request, const Elf64_Ehdr *head)
{
	if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_ident[EI_DATA] != ELFDATA2LSB ||
	    head->e_machine != EM_X86_64)
		return bh_linux_refuse("the kernel is an ELF file for another processor than a "
				       "64-bit x86: machine %u; take one for this machine",
				       head->e_machine);
	if (head->e_type != ET_EXEC && head->e_type != ET_DYN)
		return bh_linux_refuse("the kernel is an ELF file that is not linked to run: type "
				       "%u; take vmlinux or vmlinuz",
				       head->e_type);
	if (head->e_phentsize != sizeof(Elf64_Phdr) || head->e_phoff > request->head_size ||
	    head->e_phnum > (request->head_size - head->e_phoff) / sizeof(Elf64_Phdr))
		return bh_linux_refuse("the kernel's %u ELF segments are not described in the "
				       "first %zu bytes of its file; take another build of it",
				       head->e_phnum, request->head_size);
	return NULL;
}

static const char *segment_check(const struct bh_linux_request *request, const Elf64_Phdr *segment)
{
	if (segment->p_filesz > segment->p_memsz || segment->p_offset > request->kernel_size ||
	    segment->p_filesz > request->kernel_size - segment->p_offset)
		return bh_linux_refuse("the kernel's file is cut short: it has %" PRIu64
				       " bytes, and the segment for 0x%" PRIx64 " is not in them",
				       request->kernel_size, segment->p_paddr);
	if (segment->p_paddr < BH_LINUX_LOW_SIZE ||
	    !bh_linux_region(request, segment->p_paddr, segment->p_memsz))
		return bh_linux_refuse("the kernel wants 0x%" PRIx64 " bytes at 0x%" PRIx64
				       ", where the cell has no loadable memory above 1M in one "
				       "piece; give it some",
				       segment->p_memsz, segment->p_paddr);
	return NULL;
}

/* The 32-bit entry point in the file's notes; 0: none. */
static uint64_t note_find(const struct bh_linux_request *request, const Elf64_Phdr *segment)
{
	uint8_t note[sizeof(Elf64_Nhdr) + 4 + 8];
	uint64_t end = segment->p_filesz, at = 0;
	Elf64_Nhdr head;

	if (!request->read || end > NOTES_MAX)
		return 0;
	while (at + sizeof(head) <= end) {
		uint64_t name, size;

		if (!request->read(request->file, segment->p_offset + at, &head, sizeof(head)))
			return 0;
		name = (head.n_namesz + 3ULL) & ~3ULL;
		size = (head.n_descsz + 3ULL) & ~3ULL;
		if (head.n_type == NOTE_PVH_ENTRY && head.n_namesz == 4 &&
		    (head.n_descsz == 4 || head.n_descsz == 8) &&
		    at + sizeof(head) + name + size <= end &&
		    request->read(request->file, segment->p_offset + at, note,
				  sizeof(head) + name + size) &&
		    !memcmp(note + sizeof(head), "Xen", 4))
			return bh_linux_get(note, sizeof(head) + name, head.n_descsz);
		at += sizeof(head) + name + size;
	}
	return 0;
}

const char *bh_linux_elf(const struct bh_linux_request *request, struct bh_linux *out)
{
	uint64_t start = UINT64_MAX, end = 0, pvh = 0;
	bool is_linux = false;
	const char *why;
	Elf64_Phdr segment;
	Elf64_Ehdr head;

	memcpy(&head, request->head, sizeof(head));
	why = header_check(request, &head);
	for (unsigned int i = 0; !why && i < head.e_phnum; i++) {
		memcpy(&segment, request->head + head.e_phoff + i * sizeof(segment),
		       sizeof(segment));
		if (segment.p_type == PT_NOTE && !pvh)
			pvh = note_find(request, &segment);
		if (segment.p_type != PT_LOAD || !segment.p_memsz)
			continue;
		why = segment_check(request, &segment);
		is_linux |= segment.p_vaddr >= LINUX_VIRTUAL;
		if (segment.p_paddr < start)
			start = segment.p_paddr;
		if (segment.p_paddr + segment.p_memsz > end)
			end = segment.p_paddr + segment.p_memsz;
	}
	if (why)
		return why;
	if (!pvh && !is_linux)
		return bh_linux_refuse("the kernel is an ELF file that is neither Linux' vmlinux "
				       "nor has a PVH entry point; take vmlinuz");
	out->params.pvh_entry = pvh;
	out->params.entry = pvh ? pvh : head.e_entry;
	if (out->params.entry < start || out->params.entry >= end || pvh > UINT32_MAX)
		return bh_linux_refuse("the kernel is entered at 0x%" PRIx64
				       ", where nothing of it is; take another build of it",
				       out->params.entry);
	out->is_elf = true;
	out->params.kernel = start;
	out->params.kernel_size = end - start;
	return NULL;
}
