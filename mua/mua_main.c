/* mua: the terminal mail client; its command line. */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "mua/mua_commands.h"
#include "mua/mua_exit.h"
#include "mua/mua_options.h"
#include "netcore/net_signal.h"

/* With a standard descriptor closed the next file opened would take its place, and get our output. */
static void fill_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
}

int main(int argc, char **argv)
{
	struct mua_options options;
	int status;

	fill_descriptors();
	clock_open_test();
	setlocale(LC_CTYPE, "C.UTF-8");
	net_signal_ignore_pipe();
	if (mua_options_parse(&options, argc, argv, &status))
		status = options.command->run(&options);
	mua_options_release(&options);
	if (status == MUA_EXIT_OK && (fflush(stdout) != 0 || ferror(stdout)))
		status = MUA_EXIT_OUTPUT;
	return status;
}
