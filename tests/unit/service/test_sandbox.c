/* From no thread of a server can a file outside its data, a listening port, a program or another process be reached. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "mailstore/deliver.h"
#include "mailstore/queue.h"
#include "mailstore/users.h"
#include "mailstore/store_request.h"
#include "netcore/net_socket.h"
#include "netcore/net_worker.h"
#include "service/service_sandbox.h"
#include "tests/support/check.h"

#define LANDLOCK_CREATE_RULESET 444     /* with these arguments it tells the kernel's version */

enum thread_kind { MAIN, LOOP, WRITER, READER, STAGER, WORKER, KINDS };
static const char *const kind_names[] = { "main", "loop", "writer", "reader", "stager", "worker" };

static char data_dir[300], outside[300];
static struct net_addr listening;

/* The probes answer errno, 0 when the thing could be done. */
static int answer_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int open_passwd(void)
{
	return answer_open("/etc/passwd", O_RDONLY);
}

static int open_root_home(void)
{
	return answer_open("/root", O_RDONLY | O_DIRECTORY);
}

static int read_beside_data(void)
{
	return answer_open(outside, O_RDONLY);
}

static int create_beside_data(void)
{
	char path[320];

	snprintf(path, sizeof path, "%s.new", outside);
	return answer_open(path, O_WRONLY | O_CREAT);
}

static int write_in_data(void)
{
	char path[320];

	snprintf(path, sizeof path, "%s/probe", data_dir);
	return answer_open(path, O_WRONLY | O_CREAT);
}

static int read_hosts(void)
{
	return access("/etc/hosts", F_OK) == 0 ? answer_open("/etc/hosts", O_RDONLY) : 0;
}

static int bind_port(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	int answer = bind(fd, (const struct sockaddr *)&any, sizeof any) < 0 ? errno : 0;
	close(fd);
	return answer;
}

static int connect_port(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int answer = connect(fd, net_addr_sockaddr(&listening), listening.len) < 0 ? errno : 0;

	close(fd);
	return answer;
}

static int raw_socket(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int run_program(void)
{
	char *const arguments[] = { "true", NULL };

	execve("/bin/true", arguments, arguments + 1);
	return errno;
}

static int make_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return errno;
	waitpid(pid, NULL, 0);
	return 0;
}

static int trace_parent(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0 ? errno : 0;
}

static int mount_something(void)
{
	return mount("none", data_dir, "tmpfs", 0, NULL) < 0 ? errno : 0;
}

static const struct probe {
	const char *claim;
	int (*run)(void);
	bool is_allowed;
	bool by_landlock;               /* not claimed where the kernel has none */
} probes[] = {
	{ "/etc/passwd cannot be read", open_passwd, false, true },
	{ "/root cannot be listed", open_root_home, false, true },
	{ "a file beside the data cannot be read", read_beside_data, false, true },
	{ "a file beside the data cannot be made", create_beside_data, false, true },
	{ "a file in the data can be made", write_in_data, true, false },
	{ "/etc/hosts can be read", read_hosts, true, false },
	{ "no port can be bound", bind_port, false, false },
	{ "a port can be connected to", connect_port, true, false },
	{ "no packet socket can be made", raw_socket, false, false },
	{ "no program can be started", run_program, false, false },
	{ "no process can be made", make_process, false, false },
	{ "no process can be traced", trace_parent, false, false },
	{ "nothing can be mounted", mount_something, false, false },
};
#define N_PROBES (sizeof probes / sizeof *probes)

struct report {
	int answers[KINDS][N_PROBES];
	bool done[KINDS];
	int abi;
};
static struct report report;

static void run_probes(enum thread_kind kind)
{
	for (size_t i = 0; i < N_PROBES; i++)
		report.answers[kind][i] = probes[i].run();
	report.done[kind] = true;
}

static void *in_loop(void *owner)
{
	(void)owner;
	run_probes(LOOP);
	return NULL;
}

static enum store_run in_writer(struct store_request *request, struct store_context *context)
{
	(void)request, (void)context;
	run_probes(WRITER);
	return STORE_RUN_DONE;
}

static enum store_run in_reader(struct store_request *request, struct store_context *context)
{
	(void)request, (void)context;
	run_probes(READER);
	return STORE_RUN_DONE;
}

static void complete(struct store_request *request)
{
	(void)request;
}

/* The stager has no requests that run in it: its fault points are taken over here. */
void fault_point(const char *name)
{
	if (strcmp(name, "store.before_link") == 0)
		run_probes(STAGER);
}

bool fault_fails(const char *name)
{
	(void)name;
	return false;
}

static void delivered(void *owner, const struct error *err, const struct error *results, size_t n, struct store_queue_items *items)
{
	/* nobody is there to have it: its way through the stager is what counts */
	(void)owner, (void)err, (void)results, (void)n;
	store_queue_items_destroy(items);
}

/* A body so large that it becomes a file, which the stager writes, syncs and names. */
static void deliver_large(struct store_client *client)
{
	static char octets[64 * 1024];
	const struct store_recipient recipient = { .user_id = STORE_USER_NEW, .address = "postmaster@a.test" };
	const struct summary summary = { 0 };
	struct store_body *body = store_body_create(client, NULL, NULL);
	bool wait;

	memset(octets, 'x', sizeof octets);
	for (size_t i = 0; i < 20; i++)
		store_body_write(body, bytes_of(octets, sizeof octets), &wait, NULL);
	store_deliver(client, &(struct store_delivery){ .queue_id = 1, .body = body, .summary = &summary, .recipients = &recipient,
	                                                .n_recipients = 1, .n_originals = 1 }, delivered, NULL);
}

static void in_worker(void *job)
{
	(void)job;
	run_probes(WORKER);
}

static void worked(void *job)
{
	*(bool *)job = true;
}

static const struct store_request_ops writer_ops = { .name = "probe", .thread = STORE_IN_WRITER, .run = in_writer, .complete = complete };
static const struct store_request_ops reader_ops = { .name = "probe", .thread = STORE_IN_READER, .run = in_reader, .complete = complete };

static bool probe_store(struct error *err)
{
	const struct store_options options = { .data_dir = data_dir };
	struct store *store = store_open(&options, err);
	struct store_client *client = store != NULL ? store_client_create(store, err) : NULL;

	if (client == NULL)
		return false;
	store_request_submit(store_request_create(client, &writer_ops, sizeof(struct store_request)));
	store_request_submit(store_request_create(client, &reader_ops, sizeof(struct store_request)));
	deliver_large(client);
	store_client_wait(client);
	store_client_destroy(client);
	store_close(store);
	return true;
}

static bool probe_worker(struct error *err)
{
	struct net_loop *loop = net_loop_create(NET_POLL_EPOLL, err);
	struct net_worker *worker = loop != NULL ? net_worker_create(1, 10, err) : NULL;
	bool is_done = false;

	if (worker == NULL || !net_worker_submit(worker, loop, in_worker, worked, &is_done))
		return false;
	while (!is_done)
		net_loop_run_once(loop, 1000);
	net_worker_destroy(worker);
	net_loop_destroy(loop);
	return true;
}

/* In a process of its own: there is no way back from the sandbox. */
static void be_server(int out)
{
	struct error err = { 0 };
	pthread_t loop;

	/* asked before, since it cannot be asked inside */
	report.abi = (int)syscall(LANDLOCK_CREATE_RULESET, NULL, 0, 1u);
	if (!service_sandbox_enter("test", data_dir, true, &err))
		fprintf(stderr, "%s\n", err.text);
	run_probes(MAIN);
	if (pthread_create(&loop, NULL, in_loop, NULL) == 0)
		pthread_join(loop, NULL);
	if (!probe_store(&err) || !probe_worker(&err))
		fprintf(stderr, "%s\n", err.text);
	_exit(write(out, &report, sizeof report) == (ssize_t)sizeof report ? 0 : 1);
}

static void check_report(void)
{
	char claim[200];

	for (size_t kind = 0; kind < KINDS; kind++) {
		CHECK_ROW(report.done[kind], kind_names[kind]);
		for (size_t i = 0; report.done[kind] && i < N_PROBES; i++) {
			if (probes[i].by_landlock && report.abi < 2)
				continue;
			snprintf(claim, sizeof claim, "from the %s thread, %s (errno %d)", kind_names[kind], probes[i].claim,
			         report.answers[kind][i]);
			CHECK_ROW((report.answers[kind][i] == 0) == probes[i].is_allowed, claim);
		}
	}
}

static void prepare(void)
{
	const struct store_options options = { .data_dir = data_dir };
	struct error err = { 0 };

	snprintf(data_dir, sizeof data_dir, "%s/data", check_folder());
	snprintf(outside, sizeof outside, "%s/secret", check_folder());
	CHECK(answer_open(outside, O_WRONLY | O_CREAT) == 0);
	CHECK_ROW(store_create(&options, &err), err.text);
	CHECK(net_addr_parse("127.0.0.1:0", &listening, &err));
	int fd = net_socket_listen(&listening, &err);
	CHECK(fd >= 0 && net_socket_local_addr(fd, &listening));
}

int main(void)
{
	int out[2], status = -1;

	prepare();
	CHECK(pipe(out) == 0);
	pid_t pid = fork();
	if (pid == 0)
		be_server(out[1]);
	close(out[1]);
	CHECK_ROW(read(out[0], &report, sizeof report) == (ssize_t)sizeof report, "the sandboxed process tells its findings");
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	check_report();
	return check_finish();
}
