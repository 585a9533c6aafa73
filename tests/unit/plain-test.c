// SPDX-License-Identifier: GPL-2.0-or-later
/* What reaches a journal of what a cell writes to its console. */

#include <string.h>
#include "bhd-plain.h"

/* All at once, and in every way into two reads, and byte by byte. */
static void check(const char *data, gsize size, const char *expected)
{
	for (gsize cut = 0; cut <= size; cut++) {
		g_autoptr(GString) out = g_string_new(NULL);
		BhdPlain plain = {0};

		bhd_plain_take(&plain, data, cut, out);
		bhd_plain_take(&plain, data + cut, size - cut, out);
		g_assert_cmpstr(out->str, ==, expected);
		g_assert_cmpuint(out->len, ==, strlen(expected));
	}
	{
		g_autoptr(GString) out = g_string_new(NULL);
		BhdPlain plain = {0};

		for (gsize i = 0; i < size; i++)
			bhd_plain_take(&plain, data + i, 1, out);
		g_assert_cmpstr(out->str, ==, expected);
	}
}

#define CHECK(data, expected) check(data, sizeof(data) - 1, expected)

static void test_text(void)
{
	CHECK("", "");
	CHECK("one\n\ttwo\n", "one\n\ttwo\n");
	CHECK("Grüße, 世界 \U0001F600\n", "Grüße, 世界 \U0001F600\n");
	/* The first and the last character of each length. */
	CHECK("\u00a0\u07ff\u0800\uffff\U00010000\U0010ffff",
	      "\u00a0\u07ff\u0800\uffff\U00010000\U0010ffff");
}

static void test_lines(void)
{
	CHECK("one\r\ntwo\r\r\nthree\n\rfour", "one\ntwo\nthree\nfour");
	CHECK("\r\n\r\n", "\n\n");
	CHECK("10%\r20%\r\033[K30%\r\n", "10%\n20%\n30%\n");
	CHECK("over\r", "over");
}

static void test_controls(void)
{
	CHECK("a\0b\ac\bd\177e\vf\fg\016h", "abcdefgh");
	CHECK("a\302\200b\302\205c\302\231d", "abcd");
}

static void test_sequences(void)
{
	CHECK("\033[1;31mred\033[0m\n", "red\n");
	CHECK("\033[?25l\033[2J\033[H\033[38;2;1;2;3mtext\033[ q", "text");
	CHECK("\033]0;a title\atext", "text");
	CHECK("\033]8;;http://host\033\\link\033]8;;\033\\", "link");
	CHECK("\033Pq#0;2;0\033\\text\033_more\033\\\033^and\033\\\033Xmore\033\\", "text");
	CHECK("\033(B\033)0\0337text\0338\033c\033=\033#8", "text");
	/* The same of eight bits, in UTF-8. */
	CHECK("\302\2331;31mred\302\2330m \302\2350;title\302\234text\302\220q\302\234",
	      "red text");
}

static void test_broken_sequences(void)
{
	CHECK("\033\033[1mbold", "bold");
	CHECK("\033[1\033[2mtext", "text");
	CHECK("\033[12\nnext", "\nnext");
	CHECK("\033[1üx", "üx");
	CHECK("\033üx", "üx");
	CHECK("\033]0;never ends\nnext", "\nnext");
	CHECK("\033]0;cut\030text\033Pcut\032text", "texttext");
	CHECK("\033]0;begins\033[1manew", "anew");
	CHECK("\033[1\377m", "\ufffdm");
	CHECK("\033", "");
	CHECK("\033[", "");
}

static void test_invalid(void)
{
	CHECK("a\377b", "a\ufffdb");
	CHECK("a\200\277b", "a\ufffd\ufffdb");
	CHECK("a\303b", "a\ufffdb");
	CHECK("a\342\202b", "a\ufffdb");
	CHECK("a\342\202\303\274b", "a\ufffdüb");
	CHECK("a\342\303\342\202\254", "a\ufffd\ufffd€");
	CHECK("\303\n", "\ufffd\n");
	CHECK("\303\033[1mx", "\ufffdx");
	/* Too long for what they say, and what is no character. A raw C1 control is not UTF-8. */
	CHECK("\300\257x", "\ufffd\ufffdx");
	CHECK("\2331;31m", "\ufffd1;31m");
	/* Cut off at the end: nobody knows yet. */
	CHECK("x\342\202", "x");
}

/* Whatever comes, what goes is text; and how it is cut does not matter. */
static void test_random(void)
{
	static const char alphabet[] = "\033\033\033[]P\\;0m\r\n\t\a\0 "
				       "a\303\274\342\202\254\360\237\230\200\233\234\235\377\302";
	g_autoptr(GRand) random = g_rand_new_with_seed(4711);

	for (guint round = 0; round < 2000; round++) {
		g_autoptr(GString) whole = g_string_new(NULL);
		g_autoptr(GString) pieces = g_string_new(NULL);
		BhdPlain one = {0}, other = {0};
		char data[64];

		for (guint i = 0; i < sizeof(data); i++)
			data[i] = alphabet[g_rand_int_range(random, 0, sizeof(alphabet) - 1)];
		bhd_plain_take(&one, data, sizeof(data), whole);
		for (guint i = 0, n; i < sizeof(data); i += n) {
			n = g_rand_int_range(random, 1, sizeof(data) - i + 1);
			bhd_plain_take(&other, data + i, n, pieces);
		}
		g_assert_cmpstr(whole->str, ==, pieces->str);
		g_assert_true(g_utf8_validate(whole->str, whole->len, NULL));
		for (const char *c = whole->str; *c; c = g_utf8_next_char(c))
			g_assert_true(*c == '\n' || *c == '\t' ||
				      !g_unichar_iscntrl(g_utf8_get_char(c)));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/plain/text", test_text);
	g_test_add_func("/plain/lines", test_lines);
	g_test_add_func("/plain/controls", test_controls);
	g_test_add_func("/plain/sequences", test_sequences);
	g_test_add_func("/plain/broken-sequences", test_broken_sequences);
	g_test_add_func("/plain/invalid", test_invalid);
	g_test_add_func("/plain/random", test_random);
	return g_test_run();
}
