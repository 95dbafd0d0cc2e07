/* Every call of the C library that netcore makes is known: one that asks the kernel about sockets can be made to fail, and some test makes it, or it is named here as harmless. */
#define _GNU_SOURCE
#include "tests/unit/netcore/sock_sites.h"

/* Memory, text, time of day, threads' own matters; files that are only read at start; signals' masks; the process's own limits. */
static const char *const harmless[] = {
	"free", "memcpy", "memmove", "memset", "memcmp", "memchr", "strlen", "strnlen", "strcmp", "strncmp", "strcasecmp", "strncasecmp", "strchr", "strrchr",
	"strcspn", "strspn", "strstr", "strtok_r", "snprintf", "strftime", "gmtime_r", "qsort", "getenv", "inet_pton", "inet_ntop",
	"__errno_location", "__assert_fail", "__stack_chk_fail", "__isoc99_sscanf", "strtol", "strtoul",
	"freeaddrinfo", "gai_strerror", "sigemptyset", "sigfillset", "sigaddset", "signal", "pthread_sigmask",
	"pthread_mutex_init", "pthread_mutex_destroy", "pthread_mutex_lock", "pthread_mutex_unlock", "pthread_join",
	"pthread_cond_init", "pthread_cond_destroy", "pthread_cond_wait", "pthread_cond_signal", "pthread_cond_broadcast",
	"fopen", "fgets", "fclose", "access", "getrlimit", "setrlimit",
};

static bool is_harmless(const char *name)
{
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
		if (strcmp(harmless[i], name) == 0)
			return true;
	return false;
}

/* "net_x.o:" and "         U name", as nm writes them. */
static void judge(const char *object, const char *name, void *library, unsigned *n_calls)
{
	enum sock_call call;
	char claim[400];
	bool has_test = false;

	snprintf(claim, sizeof claim, "%s calls %s", object, name);
	if (!call_named(name, strlen(name), &call)) {
		CHECK_ROW(dlsym(library, name) == NULL || is_harmless(name), claim);
		return;
	}
	for (size_t i = 0; i < sizeof sock_files / sizeof *sock_files; i++) {
		size_t len = strlen(sock_files[i].file) - 1;
		has_test = has_test || (strncmp(object, sock_files[i].file, len) == 0 && strcmp(object + len, "o") == 0);
	}
	CHECK_ROW(has_test, claim);
	++*n_calls;
}

int main(void)
{
	char folder[512], self[64], command[640], text[512], object[128] = "", name[256];
	void *library = dlopen("libc.so.6", RTLD_NOW);
	unsigned n_calls = 0;

	CHECK(library != NULL);
	variant_folder(folder, self);
	snprintf(command, sizeof command, "nm -u %s/lib/libnetcore.a", folder);
	FILE *in = popen(command, "r");
	while (library && in && fgets(text, sizeof text, in) != NULL) {
		size_t len = strcspn(text, ":\n");
		if (sscanf(text, " U %255s", name) == 1)
			judge(object, name, library, &n_calls);
		else if (text[len] == ':')
			snprintf(object, sizeof object, "%.*s", (int)len, text);
	}
	CHECK_ROW(in != NULL && pclose(in) == 0, "nm reads the library");
	CHECK_ROW(n_calls > 40, "there are calls");
	if (library)
		dlclose(library);
	return check_finish();
}
