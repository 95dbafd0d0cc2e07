#include "mailctl/mailctl_password.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define LINE_SIZE (PASSWORD_MAX + 2)

/* Octet by octet: what follows the line belongs to whoever reads next. */
static bool read_line(char line[LINE_SIZE], size_t *len, struct error *err)
{
	char octet;

	for (*len = 0;;) {
		ssize_t n = file_read(STDIN_FILENO, &octet, 1);
		if (n < 0)
			return error_set_errno(err, errno, "standard input");
		if (n == 0 && *len == 0)
			return error_set(err, ERROR_SYNTAX, "no password on standard input");
		if (n == 0 || octet == '\n')
			break;
		if (*len == LINE_SIZE)
			return error_set(err, ERROR_LIMIT, "a password has at most %u octets", PASSWORD_MAX);
		line[(*len)++] = octet;
	}
	if (*len > 0 && line[*len - 1] == '\r')
		--*len;
	return true;
}

/* ---- a terminal that shows nothing for a moment ---- */

static const int deadly[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
#define N_DEADLY (sizeof deadly / sizeof *deadly)

static struct termios shown;            /* as the terminal was; for the signal handler */

/* Once only (SA_RESETHAND): the second time the signal does what it is for. */
static void show_and_die(int signal)
{
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	raise(signal);
}

static void catch_deadly(struct sigaction before[N_DEADLY])
{
	struct sigaction catch = { .sa_handler = show_and_die, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER) };

	sigemptyset(&catch.sa_mask);
	for (size_t i = 0; i < N_DEADLY; i++) {
		sigaction(deadly[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			sigaction(deadly[i], &catch, NULL);
	}
}

static bool ask(const char *prompt, char line[LINE_SIZE], size_t *len, struct error *err)
{
	struct sigaction before[N_DEADLY];
	struct termios silent;

	if (tcgetattr(STDIN_FILENO, &shown) < 0)
		return error_set_errno(err, errno, "the terminal");
	silent = shown;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	catch_deadly(before);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	fputs(prompt, stderr);
	bool ok = read_line(line, len, err);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	for (size_t i = 0; i < N_DEADLY; i++)
		sigaction(deadly[i], &before[i], NULL);
	fputc('\n', stderr);
	return ok;
}

static bool read_password(char line[LINE_SIZE], size_t *len, struct error *err)
{
	char again[LINE_SIZE];
	size_t again_len = 0;

	if (!isatty(STDIN_FILENO))
		return read_line(line, len, err);
	bool ok = ask("Password: ", line, len, err) && ask("Again: ", again, &again_len, err);
	if (ok && (*len != again_len || memcmp(line, again, *len) != 0))
		ok = error_set(err, ERROR_SYNTAX, "the two passwords differ");
	memory_wipe(again, sizeof again);
	return ok;
}

bool mailctl_password_read(struct password_record *record, struct error *err)
{
	char line[LINE_SIZE];
	size_t len = 0;
	bool ok = read_password(line, &len, err) &&
	          password_make(bytes_of(line, len), PASSWORD_ITERATIONS, record, err);

	memory_wipe(line, sizeof line);
	return ok;
}
