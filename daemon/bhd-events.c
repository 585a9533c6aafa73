// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <glib-unix.h>
#include <unistd.h>
#include "bh-device.h"
#include "bhd-events.h"

#define READ_RECORDS 16

struct _BhdEvents {
	GObject parent;
	int fd;
	guint source;
	gboolean catching_up; /* since attached, nothing but what was kept before has come */
	guint64 newest; /* TSC of the last record */
	char *names[BH_CELLS_MAX];
	GQueue kept; /* GVariant */
};

G_DEFINE_FINAL_TYPE(BhdEvents, bhd_events, G_TYPE_OBJECT)

static guint signal_event;

const char *bhd_state_word(guint32 state)
{
	static const char *const words[] = {"running", "running-locked", "shut-down", "failed",
					    "failed-comm-revision"};

	return state < G_N_ELEMENTS(words) ? words[state] : "failed";
}

static const char *cell_name(BhdEvents *self, guint32 id, char buffer[static 16])
{
	if (!id)
		return "root";
	if (id < BH_CELLS_MAX && self->names[id])
		return self->names[id];
	g_snprintf(buffer, 16, "#%u", id);
	return buffer;
}

static const char *access_word(const struct bh_event *event)
{
	if (event->flags & BH_EVENT_FETCH)
		return "fetch";
	return event->flags & BH_EVENT_WRITE ? "write" : "read";
}

/* "read 4 bytes at", "wrote 0x12 to": what stands before the place. */
static char *describe_access(const struct bh_event *event)
{
	if (event->flags & BH_EVENT_FETCH)
		return g_strdup("fetched an instruction at");
	if (event->flags & BH_EVENT_VALUE)
		return g_strdup_printf("wrote 0x%" G_GINT64_MODIFIER "x (%u byte%s) to",
				       event->value, event->width, event->width == 1 ? "" : "s");
	if (!event->width)
		return g_strdup(event->flags & BH_EVENT_WRITE ? "wrote to" : "read");
	return g_strdup_printf(event->flags & BH_EVENT_WRITE ? "wrote %u byte%s to"
							     : "read %u byte%s at",
			       event->width, event->width == 1 ? "" : "s");
}

static char *describe_cpu(const struct bh_event *event)
{
	switch (event->address) {
	case BH_CPU_TRIPLE_FAULT:
		return g_strdup("ended in a triple fault");
	case BH_CPU_VIRT_INSTRUCTION:
		return g_strdup("executed a virtualization instruction");
	case BH_CPU_XSETBV:
		return g_strdup("gave XSETBV a forbidden value");
	case BH_CPU_CR:
		return g_strdup("wrote a forbidden value to a control register");
	case BH_CPU_MACHINE_CHECK:
		return g_strdup("met a machine check");
	default:
		return g_strdup_printf(
			"left the guest for a reason nobody knows (0x%" G_GINT64_MODIFIER "x)",
			event->value);
	}
}

static char *describe_violation(const struct bh_event *event)
{
	g_autofree char *access = describe_access(event);
	guint bdf = event->address >> 12 & 0xffff;

	switch (event->kind) {
	case BH_KIND_PIO:
		return g_strdup_printf("%s I/O port 0x%" G_GINT64_MODIFIER
				       "x, which it does not own",
				       access, event->address);
	case BH_KIND_PCI:
		return g_strdup_printf("%s configuration register 0x%x of PCI device "
				       "%02x:%02x.%x, which it may not",
				       access, (guint)(event->address & 0xfff), bdf >> 8,
				       bdf >> 3 & 0x1f, bdf & 7);
	case BH_KIND_MSR:
		return g_strdup_printf("%s MSR 0x%" G_GINT64_MODIFIER "x, which is protected",
				       access, event->address);
	case BH_KIND_IRQ:
		return g_strdup_printf("%s an interrupt controller or a table of interrupts at "
				       "0x%" G_GINT64_MODIFIER
				       "x in a way that would reach beyond it",
				       access, event->address);
	case BH_KIND_HYPERCALL:
		return g_strdup_printf("made the call %" G_GUINT64_FORMAT
				       ", which it may not or which does not exist",
				       event->address);
	case BH_KIND_CPU:
		return describe_cpu(event);
	case BH_KIND_INSTRUCTION:
		return g_strdup_printf("used an instruction that is not supported there for its "
				       "access at 0x%" G_GINT64_MODIFIER "x",
				       event->address);
	case BH_KIND_CORE:
		return g_strdup("made the core fault");
	default:
		return g_strdup_printf("%s 0x%" G_GINT64_MODIFIER "x, which it may not", access,
				       event->address);
	}
}

static char *describe(const struct bh_event *event, const char *cell)
{
	g_autofree char *what = NULL;

	switch (event->type) {
	case BH_EVENT_VIOLATION:
		what = describe_violation(event);
		return g_strdup_printf(
			"CPU %u of %s %s; %s at instruction 0x%" G_GINT64_MODIFIER "x", event->cpu,
			cell, what,
			event->flags & BH_EVENT_STOPPED ? "it was stopped" : "that was ignored",
			event->ip);
	case BH_EVENT_CELL_STATE:
		return g_strdup_printf("%s is now %s, it was %s", cell,
				       bhd_state_word(event->value),
				       bhd_state_word(event->address));
	case BH_EVENT_CPU_FAILED:
		return g_strdup_printf("CPU %u of %s has failed and stays stopped", event->cpu,
				       cell);
	case BH_EVENT_CELL_POWER:
		return g_strdup_printf("%s has %s", cell,
				       event->value == BH_POWER_RESET ? "reset itself"
								      : "switched itself off");
	default:
		return g_strdup_printf("the core itself faulted on CPU %u at 0x%" G_GINT64_MODIFIER
				       "x, address 0x%" G_GINT64_MODIFIER "x: see the core's log",
				       event->cpu, event->ip, event->address);
	}
}

static GVariant *to_variant(BhdEvents *self, const struct bh_event *event)
{
	static const char *const types[] = {"",		  "violation",	"cell-state",
					    "cpu-failed", "core-fault", "cell-power"};
	char number[16];
	const char *cell = cell_name(self, event->cell, number);
	g_autofree char *message = describe(event, cell);
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "number", "t", event->number);
	g_variant_dict_insert(&dict, "time", "t", g_get_real_time());
	g_variant_dict_insert(&dict, "type", "s", types[event->type]);
	g_variant_dict_insert(&dict, "cell", "s", cell);
	g_variant_dict_insert(&dict, "message", "s", message);
	if (event->type != BH_EVENT_CELL_STATE)
		g_variant_dict_insert(&dict, "cpu", "u", event->cpu);
	if (event->type == BH_EVENT_CELL_STATE) {
		g_variant_dict_insert(&dict, "state", "s", bhd_state_word(event->value));
		g_variant_dict_insert(&dict, "former-state", "s", bhd_state_word(event->address));
	} else if (event->type == BH_EVENT_CELL_POWER) {
		g_variant_dict_insert(&dict, "reset", "b", event->value == BH_POWER_RESET);
	} else if (event->type == BH_EVENT_VIOLATION) {
		g_variant_dict_insert(&dict, "kind", "s", bh_kind_word(event->kind));
		g_variant_dict_insert(&dict, "access", "s", access_word(event));
		g_variant_dict_insert(&dict, "address", "t", event->address);
		g_variant_dict_insert(&dict, "width", "u", event->width);
		g_variant_dict_insert(&dict, "ip", "t", event->ip);
		g_variant_dict_insert(&dict, "stopped", "b", !!(event->flags & BH_EVENT_STOPPED));
		if (event->flags & BH_EVENT_VALUE)
			g_variant_dict_insert(&dict, "value", "t", event->value);
	}
	return g_variant_ref_sink(g_variant_dict_end(&dict));
}

static void take_record(BhdEvents *self, const struct bh_event *event)
{
	g_autoptr(GVariant) variant = NULL;

	if (self->catching_up && event->tsc <= self->newest)
		return;
	self->newest = event->tsc;
	if (event->type < BH_EVENT_VIOLATION || event->type > BH_EVENT_CELL_POWER)
		return;
	variant = to_variant(self, event);
	g_queue_push_tail(&self->kept, g_variant_ref(variant));
	if (self->kept.length > BHD_EVENTS_KEPT)
		g_variant_unref(g_queue_pop_head(&self->kept));
	g_signal_emit(self, signal_event, 0, event, variant);
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer data)
{
	g_autoptr(BhdEvents) self = g_object_ref(data);
	struct bh_event records[READ_RECORDS];
	ssize_t n = read(fd, records, sizeof(records));

	(void)condition;
	if (n >= (ssize_t)sizeof(*records)) {
		for (guint i = 0; i < n / sizeof(*records) && self->fd == fd; i++)
			take_record(self, &records[i]);
		/* A signal handler may have attached another descriptor. */
		return self->fd == fd ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		self->catching_up = FALSE;
		return G_SOURCE_CONTINUE;
	}
	self->source = 0;
	close(self->fd);
	self->fd = -1;
	return G_SOURCE_REMOVE;
}

void bhd_events_attach(BhdEvents *self, int fd)
{
	g_clear_handle_id(&self->source, g_source_remove);
	if (self->fd >= 0)
		close(self->fd);
	self->fd = fd;
	self->catching_up = TRUE;
	if (fd >= 0)
		self->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, self);
}

gboolean bhd_events_is_attached(BhdEvents *self)
{
	return self->fd >= 0;
}

void bhd_events_set_name(BhdEvents *self, guint32 id, const char *name)
{
	g_return_if_fail(id < BH_CELLS_MAX);
	if (g_strcmp0(self->names[id], name)) {
		g_free(self->names[id]);
		self->names[id] = g_strdup(name);
	}
}

static gboolean is_wanted(GVariant *event, const char *cell, guint64 from)
{
	const char *of = "";
	guint64 number = 0;

	g_variant_lookup(event, "cell", "&s", &of);
	g_variant_lookup(event, "number", "t", &number);
	return number >= from && (!cell || !strcmp(of, cell));
}

GVariant *bhd_events_get_kept(BhdEvents *self, const char *cell, guint64 from, guint maximum)
{
	g_autoptr(GPtrArray) wanted = g_ptr_array_new();
	guint first;

	for (GList *l = self->kept.head; l; l = l->next)
		if (is_wanted(l->data, cell, from))
			g_ptr_array_add(wanted, l->data);
	first = maximum && wanted->len > maximum ? wanted->len - maximum : 0;
	return g_variant_new_array(G_VARIANT_TYPE_VARDICT, (GVariant **)wanted->pdata + first,
				   wanted->len - first);
}

static void bhd_events_finalize(GObject *object)
{
	BhdEvents *self = BHD_EVENTS(object);

	bhd_events_attach(self, -1);
	g_queue_clear_full(&self->kept, (GDestroyNotify)g_variant_unref);
	for (guint i = 0; i < BH_CELLS_MAX; i++)
		g_free(self->names[i]);
	G_OBJECT_CLASS(bhd_events_parent_class)->finalize(object);
}

static void bhd_events_class_init(BhdEventsClass *klass)
{
	G_OBJECT_CLASS(klass)->finalize = bhd_events_finalize;
	signal_event = g_signal_new("event", BHD_TYPE_EVENTS, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
				    NULL, G_TYPE_NONE, 2, G_TYPE_POINTER, G_TYPE_VARIANT);
}

static void bhd_events_init(BhdEvents *self)
{
	self->fd = -1;
	g_queue_init(&self->kept);
}

BhdEvents *bhd_events_new(void)
{
	return g_object_new(BHD_TYPE_EVENTS, NULL);
}
