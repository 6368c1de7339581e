// SPDX-License-Identifier: Apache-2.0
// Runs one test of the kernel's test_maps, which runs all of them: with no argument it prints their names.

#define main all
#include "test_maps.c"
#undef main

#define FIXED(name) static void run_##name(void) { name(0, NULL); }
FIXED(test_hashmap)
FIXED(test_hashmap_percpu)
FIXED(test_hashmap_walk)
FIXED(test_hashmap_sizes)
FIXED(test_arraymap)
FIXED(test_arraymap_percpu)
FIXED(test_devmap)
FIXED(test_devmap_hash)
FIXED(test_sockmap)
FIXED(test_queuemap)
FIXED(test_stackmap)

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{"hashmap", run_test_hashmap},
	{"hashmap_percpu", run_test_hashmap_percpu},
	{"hashmap_walk", run_test_hashmap_walk},
	{"hashmap_sizes", run_test_hashmap_sizes},
	{"hashmap_zero_seed", test_hashmap_zero_seed},
	{"arraymap", run_test_arraymap},
	{"arraymap_percpu", run_test_arraymap_percpu},
	{"arraymap_percpu_many_keys", test_arraymap_percpu_many_keys},
	{"devmap", run_test_devmap},
	{"devmap_hash", run_test_devmap_hash},
	{"sockmap", run_test_sockmap},
	{"map_large", test_map_large},
	{"map_parallel", test_map_parallel},
	{"map_stress", test_map_stress},
	{"map_rdonly", test_map_rdonly},
	{"map_wronly", test_map_wronly},
	{"reuseport_array", test_reuseport_array},
	{"queuemap", run_test_queuemap},
	{"stackmap", run_test_stackmap},
	{"map_in_map", test_map_in_map},
#define DEFINE_TEST(name) {#name, test_##name},
#include <map_tests/tests.h>
};

int main(int argc, char **argv)
{
	static const unsigned int flags[] = {0, BPF_F_NO_PREALLOC};
	size_t t, f;

	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	for (t = 0; t < sizeof(tests) / sizeof(tests[0]); t++) {
		if (argc == 1)
			puts(tests[t].name);
		else if (!strcmp(argv[1], tests[t].name))
			for (f = 0; f < 2; f++) {
				map_opts.map_flags = flags[f];
				tests[t].run();
			}
	}
	return skips ? 77 : 0;
}
