// SPDX-License-Identifier: Apache-2.0
// What loaders in C do with libbpf, one thing at a time: without an argument the names of what it knows, with one that. What it
// prints is the same on every kernel.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "core.skel.h"

#define PINS "/sys/fs/bpf"

static int check(const char *what, int ok)
{
	printf("%s: %s\n", what, ok ? "ok" : strerror(errno));
	if (!ok)
		exit(1);
	return 1;
}

static struct core_bpf *loaded(void)
{
	struct core_bpf *skel = core_bpf__open();

	check("open", skel != NULL);
	skel->rodata->watched = -2;
	check("load", core_bpf__load(skel) == 0);
	return skel;
}

static void object_file(void)
{
	struct bpf_object *obj = bpf_object__open_file("core.bpf.o", NULL);
	struct bpf_program *prog;
	struct bpf_map *map;

	check("open", obj != NULL);
	check("load", bpf_object__load(obj) == 0);
	bpf_object__for_each_program(prog, obj)
		printf("program %s of type %s\n", bpf_program__name(prog), libbpf_bpf_prog_type_str(bpf_program__type(prog)));
	bpf_object__for_each_map(map, obj)
		printf("map %s of type %s\n", bpf_map__name(map), libbpf_bpf_map_type_str(bpf_map__type(map)));
	bpf_object__close(obj);
}

static void globals(void)
{
	struct core_bpf *skel = loaded();
	__u32 zero = 0;
	int value = 0;

	skel->bss->seen = 5;
	check("look up .bss", bpf_map__lookup_elem(skel->maps.bss, &zero, 4, &value, 4, 0) == 0);
	printf("seen %d, watched %d\n", value, skel->rodata->watched);
	value = bpf_map__update_elem(skel->maps.rodata, &zero, 4, &value, 4, 0);
	printf("update .rodata: %s\n", strerror(-value));
	core_bpf__destroy(skel);
}

static void elements(void)
{
	struct core_bpf *skel = loaded();
	struct { int tgid, parent; char made_up, pad[3]; } e = {1, 2, 0}, got;
	__u32 key = 7, next;

	check("update", bpf_map__update_elem(skel->maps.last, &key, 4, &e, sizeof(e), BPF_NOEXIST) == 0);
	check("look up", bpf_map__lookup_elem(skel->maps.last, &key, 4, &got, sizeof(got), 0) == 0);
	check("next key", bpf_map__get_next_key(skel->maps.last, NULL, &next, 4) == 0);
	printf("key %u, parent %d\n", next, got.parent);
	check("delete", bpf_map__delete_elem(skel->maps.last, &key, 4, 0) == 0);
	printf("next key: %s\n", strerror(-bpf_map__get_next_key(skel->maps.last, NULL, &next, 4)));
	core_bpf__destroy(skel);
}

static void pinned_maps(void)
{
	struct core_bpf *one = loaded(), *two = loaded();
	__u32 key = 3;
	__u64 value = 42;

	check("update", bpf_map__update_elem(one->maps.shared, &key, 4, &value, 8, 0) == 0);
	value = 0;
	check("look up", bpf_map__lookup_elem(two->maps.shared, &key, 4, &value, 8, 0) == 0);
	printf("value %llu, pinned at %s\n", value, bpf_map__pin_path(two->maps.shared));
	check("unpin", bpf_map__unpin(one->maps.shared, NULL) == 0);
	core_bpf__destroy(one);
	core_bpf__destroy(two);
}

static void pinned_programs(void)
{
	struct core_bpf *skel = loaded();
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	int fd;

	check("pin", bpf_program__pin(skel->progs.on_packet, PINS "/packet") == 0);
	check("get", (fd = bpf_obj_get(PINS "/packet")) >= 0);
	check("info", bpf_obj_get_info_by_fd(fd, &info, &size) == 0);
	printf("%s of type %u, %u maps\n", info.name, info.type, info.nr_map_ids);
	check("unpin", bpf_program__unpin(skel->progs.on_packet, PINS "/packet") == 0);
	core_bpf__destroy(skel);
}

static int ignore(void *ctx, void *data, size_t size) { return 0; }

static void ring_reader(void)
{
	struct core_bpf *skel = loaded();
	struct ring_buffer *ring = ring_buffer__new(bpf_map__fd(skel->maps.events), ignore, NULL, NULL);

	check("new", ring != NULL);
	printf("poll: %d\n", ring_buffer__poll(ring, 10));
	printf("consume: %d\n", ring_buffer__consume(ring));
	ring_buffer__free(ring);
	core_bpf__destroy(skel);
}

static void ignore_sample(void *ctx, int cpu, void *data, __u32 size) {}

static void perf_reader(void)
{
	struct core_bpf *skel = loaded();
	struct perf_buffer *samples =
		perf_buffer__new(bpf_map__fd(skel->maps.samples), 8, ignore_sample, NULL, NULL, NULL);

	check("new", samples != NULL);
	printf("poll: %d\n", perf_buffer__poll(samples, 10));
	perf_buffer__free(samples);
	core_bpf__destroy(skel);
}

static void attach(const char *name)
{
	struct core_bpf *skel = loaded();
	struct bpf_program *prog = bpf_object__find_program_by_name(skel->obj, name);
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	struct bpf_link *link;
	char path[100];
	int fd;

	if (!strcmp(name, "on_packet"))
		link = bpf_program__attach_xdp(prog, 1);
	else if (!strcmp(name, "on_egress"))
		link = bpf_program__attach_cgroup(prog, open(getenv("CGROUP"), O_RDONLY));
	else
		link = bpf_program__attach(prog);
	check("attach", link != NULL);
	if (bpf_link__fd(link) >= 0 && !bpf_obj_get_info_by_fd(bpf_link__fd(link), &info, &size))
		printf("link of type %u\n", info.type);
	snprintf(path, sizeof(path), PINS "/%s", name);
	check("pin", bpf_link__pin(link, path) == 0);
	check("get", (fd = bpf_obj_get(path)) >= 0);
	check("unpin", bpf_link__unpin(link) == 0);
	check("destroy", bpf_link__destroy(link) == 0);
	core_bpf__destroy(skel);
}

static void attach_raw_tracepoint(void) { attach("on_switch"); }
static void attach_tracepoint(void) { attach("on_exit"); }
static void attach_xdp(void) { attach("on_packet"); }
static void attach_cgroup(void) { attach("on_egress"); }

static void probes(void)
{
	int type;

	for (type = 1; type <= BPF_MAP_TYPE_USER_RINGBUF; type++)
		printf("map type %s: %d\n", libbpf_bpf_map_type_str(type), libbpf_probe_bpf_map_type(type, NULL));
	for (type = 1; type <= BPF_PROG_TYPE_SYSCALL; type++)
		printf("program type %s: %d\n", libbpf_bpf_prog_type_str(type), libbpf_probe_bpf_prog_type(type, NULL));
	printf("helper: %d\n", libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_ringbuf_output, NULL));
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{"object_file", object_file},
	{"globals", globals},
	{"elements", elements},
	{"pinned_maps", pinned_maps},
	{"pinned_programs", pinned_programs},
	{"ring_reader", ring_reader},
	{"perf_reader", perf_reader},
	{"attach_raw_tracepoint", attach_raw_tracepoint},
	{"attach_tracepoint", attach_tracepoint},
	{"attach_xdp", attach_xdp},
	{"attach_cgroup", attach_cgroup},
	{"probes", probes},
};

int main(int argc, char **argv)
{
	size_t t;

	for (t = 0; t < sizeof(tests) / sizeof(tests[0]); t++) {
		if (argc == 1)
			puts(tests[t].name);
		else if (!strcmp(argv[1], tests[t].name))
			tests[t].run();
	}
	return 0;
}
