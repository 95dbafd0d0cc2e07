/* mua_exit: the exit codes of every verb; part of the contract with scripts. */
#ifndef MUA_MUA_EXIT_H
#define MUA_MUA_EXIT_H

enum mua_exit {
	MUA_EXIT_OK = 0,
	MUA_EXIT_GENERIC = 1,
	MUA_EXIT_EMPTY = 2,             /* no match */
	MUA_EXIT_PARTIAL = 3,           /* some ids or recipients failed */
	MUA_EXIT_USAGE = 64,
	MUA_EXIT_DATA = 65,             /* bad data or address */
	MUA_EXIT_NOT_FOUND = 66,        /* no such id or file */
	MUA_EXIT_UNREACHABLE = 69,
	MUA_EXIT_INTERNAL = 70,
	MUA_EXIT_OUTPUT = 73,           /* cannot write output */
	MUA_EXIT_IO = 74,
	MUA_EXIT_TEMPORARY = 75,
	MUA_EXIT_PROTOCOL = 76,
	MUA_EXIT_AUTH = 77,
	MUA_EXIT_CONFIG = 78,
	MUA_EXIT_TLS = 79,
	MUA_EXIT_REJECTED = 80,         /* every recipient refused for good */
};

#endif
