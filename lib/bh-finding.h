/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings: what is wrong, or worth knowing, about cell files. Everything that judges cells speaks through them:
 * the parser, validation, placement; the daemon passes them on as they are, programs show them.
 *
 * Codes are stable words for programs; sentences are for people and may change.
 */
#ifndef BH_FINDING_H
#define BH_FINDING_H

#include <glib-object.h>

G_BEGIN_DECLS

typedef enum {
	BH_SEVERITY_NOTE, /* worth knowing */
	BH_SEVERITY_WARNING, /* the cell can run; somebody should look */
	BH_SEVERITY_ERROR, /* the cell cannot be created */
} BhSeverity;

/* Every kind of finding: name, severity, code. A test walks this table: each has a file that provokes it. */
#define BH_FINDING_KINDS(K)                                          \
	/* the text of one file */                                   \
	K(FILE_UNREADABLE, ERROR, "file-unreadable")                 \
	K(CELL_NAME, ERROR, "cell-name")                             \
	K(ENCODING, ERROR, "encoding")                               \
	K(SYNTAX, ERROR, "syntax")                                   \
	K(KEY_OUTSIDE, ERROR, "key-outside-section")                 \
	K(SECTION_UNKNOWN, ERROR, "unknown-section")                 \
	K(SECTION_NAME, ERROR, "section-name")                       \
	K(SECTION_TWICE, ERROR, "section-twice")                     \
	K(KEY_UNKNOWN, ERROR, "unknown-key")                         \
	K(KEY_TWICE, ERROR, "key-twice")                             \
	K(KEY_MISSING, ERROR, "missing-key")                         \
	K(KEY_CONFLICT, ERROR, "key-conflict")                       \
	K(VALUE, ERROR, "bad-value")                                 \
	/* one cell alone */                                         \
	K(TOO_MANY, ERROR, "too-many")                               \
	K(CPU_NONE, ERROR, "cpu-none")                               \
	K(CPU_TWICE, ERROR, "cpu-twice")                             \
	K(MEMORY_RANGE, ERROR, "memory-range")                       \
	K(MEMORY_ALIGNMENT, ERROR, "memory-alignment")               \
	K(MEMORY_PART_PAGE, ERROR, "memory-part-page")               \
	K(MEMORY_OVERLAP, ERROR, "memory-overlap")                   \
	K(MEMORY_SAME_PHYSICAL, ERROR, "memory-same-physical")       \
	K(MEMORY_NO_ROOM, ERROR, "memory-no-room")                   \
	K(MEMORY_APIC, ERROR, "memory-apic")                         \
	K(COMM_TWICE, ERROR, "comm-twice")                           \
	K(COMM_SIZE, ERROR, "comm-size")                             \
	K(COMM_MISSING, WARNING, "comm-missing")                     \
	K(RESET_ADDRESS, ERROR, "reset-address")                     \
	K(IMAGE_PLACE, ERROR, "image-place")                         \
	K(IMAGE_FILE, WARNING, "image-file")                         \
	K(IMAGE_NONE, NOTE, "image-none")                            \
	K(LINUX, ERROR, "linux")                                     \
	K(DEVICE_TWICE, ERROR, "device-twice")                       \
	K(DEVICE_SEGMENT, ERROR, "device-segment")                   \
	K(PORTS_CORE, ERROR, "ports-core")                           \
	K(CONSOLE_NOT_OWNED, ERROR, "console-not-owned")             \
	K(HEARTBEAT_SILENT, WARNING, "heartbeat-silent")             \
	K(LINK_PEER, ERROR, "link-peer")                             \
	K(DMA_NONE, WARNING, "dma-none")                             \
	K(DEVICE_NO_INTERRUPT, WARNING, "device-no-interrupt")       \
	/* against the other cell files: they cannot run together */ \
	K(ID_CONFLICT, ERROR, "id-conflict")                         \
	K(CPU_CONFLICT, WARNING, "cpu-conflict")                     \
	K(MEMORY_CONFLICT, WARNING, "memory-conflict")               \
	K(DEVICE_CONFLICT, WARNING, "device-conflict")               \
	K(PORTS_CONFLICT, WARNING, "ports-conflict")                 \
	K(INTERRUPT_CONFLICT, WARNING, "interrupt-conflict")         \
	K(LINK_TWICE, ERROR, "link-twice")                           \
	K(LINK_FAULTY, ERROR, "link-faulty")                         \
	K(ORDER_UNKNOWN, WARNING, "order-unknown")                   \
	K(ORDER_CYCLE, ERROR, "order-cycle")                         \
	/* against this machine */                                   \
	K(ARCHITECTURE, ERROR, "architecture")                       \
	K(CPU_MISSING, ERROR, "cpu-missing")                         \
	K(CPU_BOOT, ERROR, "cpu-boot")                               \
	K(CPU_FEW, ERROR, "cpu-few")                                 \
	K(CPU_SIBLING, WARNING, "cpu-sibling")                       \
	K(MEMORY_NOT_RAM, ERROR, "memory-not-ram")                   \
	K(MEMORY_IS_RAM, ERROR, "memory-is-ram")                     \
	K(MEMORY_PLATFORM, ERROR, "memory-platform")                 \
	K(MEMORY_NOT_REMOVABLE, WARNING, "memory-not-removable")     \
	K(MEMORY_FEW, ERROR, "memory-few")                           \
	K(DEVICE_MISSING, ERROR, "device-missing")                   \
	K(DEVICE_BRIDGE, ERROR, "device-bridge")                     \
	K(DEVICE_GROUP, WARNING, "device-group")                     \
	K(DEVICE_RESET, WARNING, "device-reset")                     \
	K(DEVICE_IN_USE, WARNING, "device-in-use")                   \
	K(DEVICE_NO_IOMMU, WARNING, "device-no-iommu")               \
	K(CONSOLE_IN_USE, WARNING, "console-in-use")                 \
	K(INTERRUPT_CONTROLLER, ERROR, "interrupt-controller")       \
	K(INTERRUPT_PIN, ERROR, "interrupt-pin")                     \
	K(INTERRUPT_SHARED, WARNING, "interrupt-shared")

typedef enum {
#define BH_FINDING_ENUM(name, severity, code) BH_FINDING_##name,
	BH_FINDING_KINDS(BH_FINDING_ENUM)
#undef BH_FINDING_ENUM
		BH_FINDING_KIND_COUNT
} BhFindingKind;

/* Read-only; strings are never NULL where it does not say so, and always valid UTF-8. */
typedef struct {
	BhFindingKind kind;
	BhSeverity severity;
	const char *code; /* of the kind: "memory-overlap" */
	char *file; /* path; NULL when the text came from no file */
	guint line; /* from 1; 0: the file as a whole */
	guint column; /* from 1, in characters; 0: the line as a whole */
	char *section; /* as written, without brackets: "Memory ram"; or NULL */
	char *key; /* or NULL */
	char *cell; /* name of the cell the finding is about */
	char *owner; /* who holds what is wanted: a cell, "root", a device; or NULL */
	char *message; /* one sentence without full stop: what is wrong, and where */
	char *suggestion; /* what to do, or NULL */
} BhFinding;

#define BH_TYPE_FINDING (bh_finding_get_type())
GType bh_finding_get_type(void);
BhFinding *bh_finding_ref(BhFinding *finding);
void bh_finding_unref(BhFinding *finding);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhFinding, bh_finding_unref)

/* A finding without place; the maker fills in the rest before anybody else sees it. */
BhFinding *bh_finding_new(BhFindingKind kind, const char *cell, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* "/etc/bulkhead/cells/rt.cell:12:8: error: message; suggestion [code]" */
char *bh_finding_to_string(const BhFinding *finding);

/* a{sv} with the members above; what is NULL or 0 is left out. */
GVariant *bh_finding_to_variant(const BhFinding *finding);
/* NULL when it is not one, for example of a newer version with an unknown code. */
BhFinding *bh_finding_from_variant(GVariant *variant);

const char *bh_severity_to_string(BhSeverity severity); /* "note", "warning", "error" */
const char *bh_finding_kind_code(BhFindingKind kind);

/* Arrays of findings: made by bh_findings_new, unreferenced by g_ptr_array_unref. */
GPtrArray *bh_findings_new(void);
guint bh_findings_count(const GPtrArray *findings, BhSeverity at_least);
/* By file, line and column, then in the order found. */
void bh_findings_sort(GPtrArray *findings);

G_END_DECLS

#endif
