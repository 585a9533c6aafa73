// SPDX-License-Identifier: GPL-2.0-or-later
/* The command `bulkhead': options that all verbs share, and the way to the verb. */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "output.h"
#include "verbs.h"

const CliVerb cli_verbs[] = {
	{"status", "[NAME…]", "how things are, of Bulkhead or of cells", cli_run_status},
	{"list", "", "the cells", cli_run_list},
	{"show", "NAME…", "everything about cells", cli_run_show},
	{"machine", "", "what this machine consists of", cli_run_machine},
	{"check", "", "whether this machine can run cells", cli_run_check},
	{"health", "", "what is isolated and what is not, and what has failed", cli_run_health},
	{"links", "[NAME…]", "shared memory between cells, and who has rung whom", cli_run_links},
	{"enable", "", "put the hypervisor under the running Linux", cli_run_enable},
	{"disable", "", "take it away again", cli_run_disable},
	{"create", "NAME…", "give cells their CPUs, memory and devices", cli_run_create},
	{"load", "NAME", "load a cell's images, or one image", cli_run_load},
	{"start", "NAME…", "make cells run, with all steps before", cli_run_start},
	{"stop", "NAME…", "ask cells to shut down", cli_run_stop},
	{"restart", "NAME…", "stop cells and start them with their files as they are now",
	 cli_run_restart},
	{"destroy", "NAME…", "stop cells and give all they own back to Linux", cli_run_destroy},
	{"autostart", "NAME on|off", "whether a cell starts at boot", cli_run_autostart},
	{"console", "NAME", "follow the output of a cell", cli_run_console},
	{"log", "[NAME]", "output of a cell that is kept, or the core's log", cli_run_log},
	{"events", "[NAME]", "what the core has reported", cli_run_events},
	{"stats", "[NAME…]", "live counters of cells", cli_run_stats},
	{"monitor", "", "every change, as it happens", cli_run_monitor},
	{"validate", "[NAME|FILE…]", "check cell files", cli_run_validate},
	{"edit", "NAME", "edit a cell file, check it, apply it", cli_run_edit},
	{"apply", "FILE…", "install cell files, all or none", cli_run_apply},
	{"confirm", "", "keep a change that waits for confirmation", cli_run_confirm},
	{"revert", "", "undo a change that waits for confirmation", cli_run_revert},
	{"import", "FILE", "turn a Jailhouse configuration into a cell file", cli_run_import},
	{"export", "[NAME…]", "print or save cell files", cli_run_export},
	{"run", "FILE", "all at once: install a cell file, start it, follow it, clean up",
	 cli_run_run},
	{NULL, NULL, NULL, NULL},
};

static Cli cli = {.legend = TRUE, .ask_password = TRUE, .pager = TRUE};
static gboolean no_legend, no_pager, no_ask_password, show_version;
static char *colour_word;

static gboolean parse_json(const char *option, const char *value, gpointer data, GError **error)
{
	if (g_str_equal(value, "pretty"))
		cli.json = CLI_JSON_PRETTY;
	else if (g_str_equal(value, "short"))
		cli.json = CLI_JSON_SHORT;
	else if (g_str_equal(value, "off"))
		cli.json = CLI_JSON_OFF;
	else
		return g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
				   "--json=%s: it is pretty, short or off", value),
		       FALSE;
	return TRUE;
}

static const GOptionEntry common_entries[] = {
	{"host", 'H', 0, G_OPTION_ARG_STRING, &cli.host, "the Bulkhead of another machine, by ssh",
	 "[USER@]HOST"},
	{"address", 0, 0, G_OPTION_ARG_STRING, &cli.address, "the bus at this address", "ADDRESS"},
	{"user", 0, 0, G_OPTION_ARG_NONE, &cli.user, "the session bus", NULL},
	{"json", 0, 0, G_OPTION_ARG_CALLBACK, parse_json, "print JSON", "pretty|short|off"},
	{"no-legend", 0, 0, G_OPTION_ARG_NONE, &no_legend, "no heads and no closing lines", NULL},
	{"no-pager", 0, 0, G_OPTION_ARG_NONE, &no_pager, "no pager", NULL},
	{"no-ask-password", 0, 0, G_OPTION_ARG_NONE, &no_ask_password, "never ask for a password",
	 NULL},
	{"colour", 0, 0, G_OPTION_ARG_STRING, &colour_word, "when to use colours",
	 "auto|always|never"},
	{"quiet", 'q', 0, G_OPTION_ARG_NONE, &cli.quiet, "say less", NULL},
	{"version", 0, 0, G_OPTION_ARG_NONE, &show_version, "print the version", NULL},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

int cli_misuse(const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list list;

	va_start(list, format);
	text = g_strdup_vprintf(format, list);
	va_end(list);
	fprintf(stderr, "bulkhead: %s\n", text);
	return CLI_USAGE;
}

void cli_say(Cli *c, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list list;

	if (c->quiet || c->json != CLI_JSON_OFF)
		return;
	va_start(list, format);
	text = g_strdup_vprintf(format, list);
	va_end(list);
	puts(text);
}

/* After parsing, wherever on the line the options stood. */
static gboolean settle(int *status)
{
	cli.legend = !no_legend;
	cli.pager = !no_pager;
	cli.ask_password = !no_ask_password;
	cli.out_is_terminal = isatty(STDOUT_FILENO);
	cli.colour =
		cli.out_is_terminal && !g_getenv("NO_COLOR") && g_strcmp0(g_getenv("TERM"), "dumb");
	if (colour_word && g_str_equal(colour_word, "always"))
		cli.colour = TRUE;
	else if (colour_word && g_str_equal(colour_word, "never"))
		cli.colour = FALSE;
	else if (colour_word && !g_str_equal(colour_word, "auto"))
		return *status =
			       cli_misuse("--colour=%s: it is auto, always or never", colour_word),
		       FALSE;
	if (!!cli.host + !!cli.address + cli.user > 1)
		return *status = cli_misuse("only one of --host, --address and --user is possible"),
		       FALSE;
	/* ssh would take it for an option. */
	if (cli.host && (!cli.host[0] || cli.host[0] == '-'))
		return *status = cli_misuse("'%s' is not the name of a host", cli.host), FALSE;
	return TRUE;
}

gboolean cli_options(Cli *c, const CliVerb *verb, int *argc, char ***argv,
		     const GOptionEntry *entries, int least, int most, int *status)
{
	g_autofree char *usage = g_strdup_printf("%s", verb->arguments);
	g_autoptr(GOptionContext) context = g_option_context_new(usage);
	g_autoptr(GError) error = NULL;
	g_autofree char *program = g_strconcat("bulkhead ", verb->name, NULL);
	GOptionGroup *common = g_option_group_new(
		"common", "Options of all verbs:", "Show options of all verbs", NULL, NULL);

	g_option_context_set_summary(context, verb->summary);
	if (entries)
		g_option_context_add_main_entries(context, entries, NULL);
	g_option_group_add_entries(common, common_entries);
	g_option_context_add_group(context, common);
	g_set_prgname(program);
	if (!g_option_context_parse(context, argc, argv, &error))
		return *status = cli_misuse("%s: %s", verb->name, error->message), FALSE;
	if (!settle(status))
		return FALSE;
	if (*argc - 1 < least)
		return *status = cli_misuse("%s needs an argument: bulkhead %s %s", verb->name,
					    verb->name, verb->arguments),
		       FALSE;
	if (most >= 0 && *argc - 1 > most)
		return *status = cli_misuse("%s: '%s' is one argument too many", verb->name,
					    (*argv)[most + 1]),
		       FALSE;
	return TRUE;
}

static char *verb_list(void)
{
	GString *text = g_string_new("Verbs:\n");

	for (const CliVerb *verb = cli_verbs; verb->name; verb++) {
		g_autofree char *words = g_strdup_printf("%s %s", verb->name, verb->arguments);
		int pad = 26 - (int)g_utf8_strlen(words, -1);

		g_string_append_printf(text, "  %s%*s %s\n", words, MAX(pad, 1), "", verb->summary);
	}
	g_string_append(text, "\n'bulkhead VERB --help' explains a verb, bulkhead(1) all of them.");
	return g_string_free(text, FALSE);
}

static const CliVerb *verb_find(const char *name)
{
	for (const CliVerb *verb = cli_verbs; verb->name; verb++)
		if (g_str_equal(verb->name, name))
			return verb;
	return NULL;
}

int main(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new("VERB [ARGUMENT…]");
	g_autofree char *verbs = verb_list();
	g_autoptr(GError) error = NULL;
	const CliVerb *verb;
	int status = CLI_OK;

	setlocale(LC_ALL, "");
	g_set_prgname("bulkhead");
	g_option_context_set_summary(context, "Divides this machine into isolated cells.");
	g_option_context_set_description(context, verbs);
	g_option_context_add_main_entries(context, common_entries, NULL);
	g_option_context_set_strict_posix(context, TRUE);
	if (!g_option_context_parse(context, &argc, &argv, &error))
		return cli_misuse("%s", error->message);
	if (show_version) {
		puts("bulkhead " BULKHEAD_VERSION);
		return CLI_OK;
	}
	if (!settle(&status))
		return status;
	/* Without a verb: how things are. */
	verb = verb_find(argc > 1 ? argv[1] : "status");
	if (!verb)
		return cli_misuse("there is no verb '%s': see bulkhead --help", argv[1]);
	if (argc > 1) {
		argc--;
		argv++;
	}
	status = verb->run(&cli, verb, argc, argv);
	cli_pager_close(&cli);
	if (fflush(stdout) || ferror(stdout))
		status = MAX(status, CLI_FAILED);
	return status;
}
