// SPDX-License-Identifier: GPL-2.0-or-later

#include <glib/gi18n.h>
#include "bhg-memory-map.h"
#include "bhg-report.h"
#include "bhg-words.h"

const char *bhg_remedy(const char *name)
{
	static const struct {
		const char *name, *remedy;
	} remedies[] = {
		{"no-iommu", N_("Give cells only devices that are trusted with all memory, and "
				"keep programs that drive them small.")},
		{"iommu-unused", N_("Give cells only devices that are trusted with all memory.")},
		{"iommu", N_("Give cells only devices that are trusted with all memory.")},
		{"smt-siblings", N_("Give both CPUs of a core to the same cell, or switch SMT off: "
				    "the kernel option nosmt.")},
		{"shared-cache", N_("Measure response times under load, with the other CPUs of the "
				    "same cache busy.")},
		{"shared-reset", N_("Give devices that are reset together to the same cell.")},
		{"memory-fixed", N_("Keep memory from Linux at boot, and enable with that range.")},
		{"no-virtualization",
		 N_("Look for SVM or VT-x in the setup of the firmware, and switch it on.")},
		{"module", N_("Load the module: modprobe bulkhead.")},
		{"virtualization",
		 N_("Look for SVM or VT-x in the setup of the firmware, and switch it on.")},
		{"architecture", N_("Use a machine of an architecture that Bulkhead supports.")},
		{"cpus", N_("Use a machine with more CPUs, or switch more of them on in the setup "
			    "of the firmware.")},
		{"smm", N_("Measure response times for hours, and switch off in the setup of the "
			   "firmware what it does on its own, such as for old USB keyboards.")},
		{"guest", N_("Measure on real hardware before you rely on times.")},
		{"simulated", N_("Run the daemon on a real machine for anything that must be "
				 "isolated.")},
		{"memory", N_("Keep some from Linux at boot, with memmap=, and enable with that "
			      "range.")},
	};

	for (guint i = 0; i < G_N_ELEMENTS(remedies); i++)
		if (g_str_equal(remedies[i].name, name))
			return _(remedies[i].remedy);
	return NULL;
}

/* ---- writing either kind ---- */

typedef struct {
	GString *out;
	gboolean html;
} Writer;

static void write_words(Writer *w, const char *text)
{
	g_autofree char *escaped = w->html ? g_markup_escape_text(text, -1) : g_strdup(text);

	g_string_append(w->out, escaped);
}

static void write_heading(Writer *w, const char *text)
{
	g_string_append(w->out, w->html ? "<h2>" : "\n");
	write_words(w, text);
	g_string_append(w->out, w->html ? "</h2>\n" : "\n");
	for (glong i = 0; !w->html && i < g_utf8_strlen(text, -1); i++)
		g_string_append_c(w->out, '=');
	if (!w->html)
		g_string_append_c(w->out, '\n');
}

static void write_list(Writer *w, gboolean begin)
{
	if (w->html)
		g_string_append(w->out, begin ? "<ul>\n" : "</ul>\n");
}

static void write_item(Writer *w, const char *text) /* takes @text */
{
	g_string_append(w->out, w->html ? "<li>" : "- ");
	write_words(w, text);
	g_string_append(w->out, w->html ? "</li>\n" : "\n");
	g_free((char *)text);
}

/* ---- what is in it ---- */

static void write_machine(Writer *w, BhgConnection *connection)
{
	BhMachine *machine = bhg_connection_get_machine(connection);
	const char *state = bhg_connection_get_hypervisor_state(connection);
	BhDbusManager *manager = bhg_connection_get_manager(connection);
	g_autofree char *size = bhg_words_size(machine->memory_size);

	write_heading(w, _("The machine"));
	write_list(w, TRUE);
	if (bhg_connection_is_simulated(connection))
		write_item(w, g_strdup(_("Simulated machine: nothing here is real hardware")));
	write_item(w, g_strdup(machine->name));
	write_item(w, g_strdup_printf(_("%u CPUs, %s of memory, %u PCI functions"),
				      machine->cpus->len, size, machine->devices->len));
	write_item(w, g_strdup_printf(_("Bulkhead %s, %s"), bh_dbus_manager_get_version(manager),
				      state));
	write_list(w, FALSE);
}

static void write_cells(Writer *w, BhgConnection *connection)
{
	GListModel *cells = bhg_connection_get_cells(connection);

	write_heading(w, _("Cells"));
	write_list(w, TRUE);
	for (guint i = 0; i < g_list_model_get_n_items(cells); i++) {
		g_autoptr(BhgCell) cell = g_list_model_get_item(cells, i);
		g_autofree char *resources = bhg_cell_describe_resources(cell);

		write_item(w,
			   g_strdup_printf("[%s] %s: %s; %s", bhg_cell_get_badge(cell),
					   bhg_cell_get_name(cell),
					   bhg_words_state(bhg_cell_get_state(cell)), resources));
	}
	if (!g_list_model_get_n_items(cells))
		write_item(w, g_strdup(_("no cells")));
	write_list(w, FALSE);
}

static void write_facts(Writer *w, const char *heading, GVariant *facts, const char *level_key)
{
	if (!facts || !g_variant_n_children(facts))
		return;
	write_heading(w, heading);
	write_list(w, TRUE);
	for (gsize i = 0; i < g_variant_n_children(facts); i++) {
		g_autoptr(GVariant) fact = g_variant_get_child_value(facts, i);
		const char *name = "", *level = "", *message = "", *remedy = NULL;

		g_variant_lookup(fact, "name", "&s", &name);
		g_variant_lookup(fact, level_key, "&s", &level);
		g_variant_lookup(fact, "message", "&s", &message);
		if (!g_str_equal(level, "good") && !g_str_equal(level, "isolated"))
			remedy = bhg_remedy(name);
		write_item(w, g_strdup_printf("%s: %s%s%s", level, message, remedy ? ". " : "",
					      remedy ? remedy : ""));
	}
	write_list(w, FALSE);
}

static void write_memory(Writer *w, BhgConnection *connection)
{
	g_autoptr(GPtrArray) map = bhg_memory_map(bhg_connection_get_machine(connection),
						  bhg_connection_get_cells(connection));

	write_heading(w, _("Physical memory"));
	write_list(w, TRUE);
	for (guint i = 0; i < map->len; i++)
		write_item(w, bhg_memory_part_describe(g_ptr_array_index(map, i)));
	write_list(w, FALSE);
}

static void write_report(Writer *w, BhgConnection *connection, GVariant *checks)
{
	BhDbusHealth *health = bhg_connection_get_health(connection);

	write_machine(w, connection);
	write_cells(w, connection);
	write_facts(w, _("Isolation"), bh_dbus_health_get_isolation(health), "level");
	write_facts(w, _("What was checked"), checks, "result");
	write_memory(w, connection);
}

/* ---- the picture ---- */

#define TILE 44
#define TILES_PER_ROW 16
#define BAR_WIDTH (TILE * TILES_PER_ROW)

/* As in style.css: the root's, then those of cells. White letters stand on the dark ones. */
static const struct {
	const char *class_name, *background, *text;
} colours[] = {
	{"owner-root", "#77767b", "white"}, {"owner-1", "#0b62b0", "white"},
	{"owner-2", "#e69f00", "black"},    {"owner-3", "#007a5a", "white"},
	{"owner-4", "#c0408a", "white"},    {"owner-5", "#56b4e9", "black"},
	{"owner-6", "#b34700", "white"},    {"owner-7", "#6a4fb3", "white"},
	{"owner-8", "#c9b800", "black"},
};

static void draw_box(GString *svg, double x, double y, double width, double height, BhgCell *owner,
		     const char *background, const char *label, const char *title)
{
	const char *class_name = owner ? bhg_cell_get_colour_class(owner) : "owner-root";
	g_autofree char *escaped = g_markup_escape_text(title, -1);
	const char *text = "black";
	char left[G_ASCII_DTOSTR_BUF_SIZE], wide[G_ASCII_DTOSTR_BUF_SIZE];
	char middle[G_ASCII_DTOSTR_BUF_SIZE];

	for (guint i = 0; !background && i < G_N_ELEMENTS(colours); i++)
		if (g_str_equal(colours[i].class_name, class_name)) {
			background = colours[i].background;
			text = colours[i].text;
			break;
		}
	g_ascii_formatd(left, sizeof(left), "%.1f", x);
	g_ascii_formatd(wide, sizeof(wide), "%.1f", width);
	g_ascii_formatd(middle, sizeof(middle), "%.1f", x + width / 2);
	g_string_append_printf(svg,
			       "<g><title>%s</title><rect x=\"%s\" y=\"%d\" width=\"%s\" "
			       "height=\"%d\" rx=\"3\" fill=\"%s\" stroke=\"white\"/>",
			       escaped, left, (int)y, wide, (int)height, background);
	if (width >= 24)
		g_string_append_printf(svg,
				       "<text x=\"%s\" y=\"%d\" fill=\"%s\" font-size=\"12\" "
				       "text-anchor=\"middle\">%s</text>",
				       middle, (int)(y + height / 2 + 4), text, label);
	g_string_append(svg, "</g>\n");
}

static int draw_cpus(GString *svg, BhgConnection *connection)
{
	BhMachine *machine = bhg_connection_get_machine(connection);
	guint n = machine->cpus->len;

	for (guint i = 0; i < n; i++) {
		const BhMachineCpu *cpu = g_ptr_array_index(machine->cpus, i);
		BhgCell *owner = bhg_connection_cpu_owner(connection, cpu->id);
		const char *badge = owner ? bhg_cell_get_badge(owner) : "R";
		g_autofree char *label = g_strdup_printf("%u %s", cpu->id, badge);
		g_autofree char *title = g_strdup_printf(
			_("CPU %u: %s"), cpu->id, owner ? bhg_cell_get_name(owner) : _("root"));

		draw_box(svg, i % TILES_PER_ROW * TILE, i / TILES_PER_ROW * TILE, TILE - 3,
			 TILE - 3, owner, NULL, label, title);
	}
	return (n + TILES_PER_ROW - 1) / TILES_PER_ROW * TILE;
}

static void draw_memory(GString *svg, BhgConnection *connection, int y)
{
	g_autoptr(GPtrArray) map = bhg_memory_map(bhg_connection_get_machine(connection),
						  bhg_connection_get_cells(connection));
	const BhgMemoryPart *last = map->len ? g_ptr_array_index(map, map->len - 1) : NULL;
	double scale = last ? (double)BAR_WIDTH / (last->start + last->size) : 0;

	for (guint i = 0; i < map->len; i++) {
		const BhgMemoryPart *part = g_ptr_array_index(map, i);
		g_autofree char *title = bhg_memory_part_describe(part);
		const char *background = part->kind == BHG_MEMORY_HOLE	     ? "#eeeeee"
					 : part->kind == BHG_MEMORY_FIRMWARE ? "#c0c0c0"
									     : NULL;
		const char *label = part->cell			    ? bhg_cell_get_badge(part->cell)
				    : part->kind == BHG_MEMORY_ROOT ? "R"
				    : part->kind == BHG_MEMORY_FIRMWARE ? "#"
									: "";

		draw_box(svg, part->start * scale, y, MAX(part->size * scale, 2), TILE, part->cell,
			 background, label, title);
	}
}

static void draw_map(GString *html, BhgConnection *connection)
{
	g_autoptr(GString) svg = g_string_new(NULL);
	int height = draw_cpus(svg, connection) + 12;

	draw_memory(svg, connection, height);
	g_string_append_printf(html,
			       "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
			       "width=\"%d\" height=\"%d\" font-family=\"sans-serif\">\n<title>%s"
			       "</title>\n%s</svg>\n",
			       BAR_WIDTH, height + TILE,
			       _("The machine, coloured by who owns what"), svg->str);
}

static char *title_of(BhgConnection *connection)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_local();
	g_autofree char *date = g_date_time_format(now, "%F %R");
	g_autofree char *machine = bhg_connection_get_title(connection);

	return g_strdup_printf(_("Partition of %s, %s"), machine, date);
}

char *bhg_report_text(BhgConnection *connection, GVariant *checks)
{
	Writer w = {g_string_new(NULL), FALSE};
	g_autofree char *title = title_of(connection);

	g_string_append_printf(w.out, "%s\n", title);
	write_report(&w, connection, checks);
	return g_string_free(w.out, FALSE);
}

char *bhg_report_html(BhgConnection *connection, GVariant *checks)
{
	Writer w = {g_string_new("<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\"/>\n"),
		    TRUE};
	g_autofree char *title = title_of(connection);

	g_string_append(w.out, "<title>");
	write_words(&w, title);
	g_string_append(w.out, "</title>\n<style>body { font-family: sans-serif; max-width: 60em; "
			       "margin: 2em auto; } </style>\n</head>\n"
			       "<body>\n<h1>");
	write_words(&w, title);
	g_string_append(w.out, "</h1>\n");
	draw_map(w.out, connection);
	write_report(&w, connection, checks);
	g_string_append(w.out, "</body>\n</html>\n");
	return g_string_free(w.out, FALSE);
}
