/* mua: the terminal mail client; its command line. */
#include <locale.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "mua/mua_commands.h"
#include "mua/mua_exit.h"
#include "mua/mua_options.h"
#include "netcore/net_signal.h"

int main(int argc, char **argv)
{
	struct mua_options options;
	int status;

	file_fill_standard();
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
