/* SPDX-License-Identifier: MIT */
/* test_dom0_parse.c - the shell's language. */
/* sources: dom0/app/parse.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/parse.h"

/* Shows a line as [word][word]; [word]|| and so on. */
static const char *shown(const char *line, int status)
{
    static const char *const ops[] = {"", ";", "&&", "||"};
    static char out[4096];
    static struct shell_command cmd;

    out[0] = '\0';
    do {
        const char *error = shell_parse_command(&line, status, &cmd);

        if (error)
            return error;
        for (int i = 0; i < cmd.argc; i++)
            sprintf(out + strlen(out), "[%s]", cmd.argv[i]);
        assert_null(cmd.argv[cmd.argc]);
        strcat(out, ops[cmd.op]);
    } while (cmd.op != SHELL_END);
    return out;
}

static void test_words(void **state)
{
    static const struct {
        const char *line, *out;
    } cases[] = {
        {"", ""},
        {"  \t\r\n", ""},
        {"# all of it; even this", ""},
        {"ls", "[ls]"},
        {" ls   /etc\t", "[ls][/etc]"},
        {"echo 'a  b' \"c d\"", "[echo][a  b][c d]"},
        {"echo a'b c'd\"e\"", "[echo][ab cde]"},
        {"echo ''", "[echo][]"},
        {"echo \"\" x", "[echo][][x]"},
        {"echo a\\ b \\; \\\"", "[echo][a b][;][\"]"},
        {"echo \"a\\\"b\\\\c\\n\"", "[echo][a\"b\\c\\n]"},
        {"echo '\\'", "[echo][\\]"},
        {"echo a#b # comment", "[echo][a#b]"},
        {"echo '# no' \"; no && no\"", "[echo][# no][; no && no]"},
        {"xl create a.cfg 'name=\"x y\"'", "[xl][create][a.cfg][name=\"x y\"]"},
        {"echo \\", "[echo][\\]"},
        {"echo $ $x $", "[echo][$][$x][$]"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(shown(cases[i].line, 0), cases[i].out);
}

static void test_operators(void **state)
{
    assert_string_equal(shown("a;b", 0), "[a];[b]");
    assert_string_equal(shown("a&&b||c ; d", 0), "[a]&&[b]||[c];[d]");
    assert_string_equal(shown("a ;", 0), "[a];");
    assert_string_equal(shown("a; # end", 0), "[a];");
}

static void test_status(void **state)
{
    assert_string_equal(shown("echo $?", 7), "[echo][7]");
    assert_string_equal(shown("echo x$?y \"<$?>\"", -1), "[echo][x-1y][<-1>]");
    assert_string_equal(shown("echo '$?' \\$? \"\\$?\"", 3), "[echo][$?][$?][$?]");
}

static void test_errors(void **state)
{
    assert_string_equal(shell_check_line("echo 'a"), "missing closing '");
    assert_string_equal(shell_check_line("a; echo \"a"), "missing closing \"");
    assert_string_equal(shell_check_line("; a"), "missing command before an operator");
    assert_string_equal(shell_check_line("a ;; b"), "missing command before an operator");
    assert_string_equal(shell_check_line("a && || b"), "missing command before an operator");
    assert_string_equal(shell_check_line("a &&"), "missing command after && or ||");
    assert_string_equal(shell_check_line("a || # x"), "missing command after && or ||");
    assert_non_null(strstr(shell_check_line("a & b"), "not supported"));
    assert_non_null(strstr(shell_check_line("a | b"), "not supported"));
    assert_non_null(strstr(shell_check_line("a > b"), "not supported"));
    assert_null(shell_check_line("a && b || c; d # e"));
    assert_null(shell_check_line(""));
}

static void test_limits(void **state)
{
    char line[4 * SHELL_MAX_LINE] = "";

    for (int i = 0; i < SHELL_MAX_WORDS; i++)
        strcat(line, "w ");
    assert_null(shell_check_line(line));
    strcat(line, "w");
    assert_string_equal(shell_check_line(line), "too many words");

    memset(line, 'x', SHELL_MAX_LINE - 1);
    line[SHELL_MAX_LINE - 2] = '\0';
    assert_null(shell_check_line(line));
    memset(line, 'x', 2 * SHELL_MAX_LINE);
    line[2 * SHELL_MAX_LINE] = '\0';
    assert_string_equal(shell_check_line(line), "line too long");

    line[0] = '\0';
    for (int i = 0; i < SHELL_MAX_LINE / 2 - 1; i++)
        strcat(line, "$?");
    assert_null(shell_check_line(line));
    assert_string_equal(shown(line, -2147483647), "line too long");
}

/* Any text ends in a result, with words inside the buffer. */
static void test_random(void **state)
{
    static const char letters[] = "ab \t'\"\\$?;&|<>#x";
    static struct shell_command cmd;
    char line[64];

    srand(1);
    for (int round = 0; round < 100000; round++) {
        size_t len = rand() % sizeof(line);

        for (size_t i = 0; i < len; i++)
            line[i] = letters[rand() % (sizeof(letters) - 1)];
        line[len] = '\0';
        if (shell_check_line(line))
            continue;
        for (const char *p = line; !shell_parse_command(&p, 1, &cmd) && cmd.op != SHELL_END;)
            for (int i = 0; i < cmd.argc; i++)
                assert_true(cmd.argv[i] + strlen(cmd.argv[i]) < cmd.text + sizeof(cmd.text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),  cmocka_unit_test(test_operators),
        cmocka_unit_test(test_status), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
