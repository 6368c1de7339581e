// SPDX-License-Identifier: Apache-2.0
// Attaches programs of plain.bpf.o and walk.bpf.o by links and pins these, since bpftool makes none itself but of iterators.
//   links PROGRAM PIN [CGROUP]

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/libbpf.h>

static struct bpf_link *attach(struct bpf_program *prog, const char *cgroup)
{
	if (cgroup)
		return bpf_program__attach_cgroup(prog, open(cgroup, O_RDONLY));
	switch (bpf_program__type(prog)) {
	case BPF_PROG_TYPE_XDP:
		return bpf_program__attach_xdp(prog, 1);
	case BPF_PROG_TYPE_FLOW_DISSECTOR:
	case BPF_PROG_TYPE_SK_LOOKUP:
		return bpf_program__attach_netns(prog, open("/proc/self/ns/net", O_RDONLY));
	default:
		return bpf_program__attach(prog);
	}
}

int main(int argc, char **argv)
{
	const char *name = argv[1];
	int walks = !strncmp(name, "walk", 4) || !strcmp(name, "typed");
	struct bpf_object *obj = bpf_object__open_file(walks ? "walk.bpf.o" : "plain.bpf.o", NULL);
	struct bpf_program *prog, *wanted = NULL;
	struct bpf_link *link;

	if (!obj)
		return 1;
	bpf_object__for_each_program(prog, obj) {
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), name));
		if (bpf_program__autoload(prog))
			wanted = prog;
	}
	if (!wanted || bpf_object__load(obj))
		return 2;
	link = attach(wanted, argc > 3 ? argv[3] : NULL);
	if (!link) {
		perror("attach");
		return 3;
	}
	if (bpf_link__pin(link, argv[2])) {
		perror("pin");
		return 4;
	}
	return 0;
}
