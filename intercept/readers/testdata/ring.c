// A client of libbpf's rings: "read N" checks the records that two writers put into a RINGBUF, "write N" fills a
// USER_RINGBUF, with every seventh sample discarded.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 65536, WRITERS = 2 };

static unsigned long long next[WRITERS], records;

static void fail(const char *what, long long n)
{
	printf("%s: %lld\n", what, n);
	exit(1);
}

static int check(void *context, void *data, size_t size)
{
	unsigned long long word[2];
	if (size < sizeof word)
		fail("short record", size);
	memcpy(word, data, sizeof word);
	if (word[0] >= WRITERS || word[1] != next[word[0]]++)
		fail("record out of order", word[1]);
	if (size != sizeof word + word[1] % 50)
		fail("size", size);
	for (size_t i = sizeof word; i < size; i++)
		if (((unsigned char *)data)[i] != (unsigned char)(word[1] + i))
			fail("byte", i);
	records++;
	return 0;
}

static void read_ring(unsigned long long n)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, SIZE, NULL);
	struct ring_buffer *ring = fd < 0 ? NULL : ring_buffer__new(fd, check, NULL, NULL);
	if (!ring)
		fail("new ring buffer", errno);
	while (records < n) {
		int ret = ring_buffer__poll(ring, -1);
		if (ret < 0 && ret != -EINTR)
			fail("poll", ret);
	}
	if (ring_buffer__poll(ring, 20) != 0)
		fail("poll after the last", records);
	ring_buffer__free(ring);
}

static void write_ring(unsigned long long n)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_USER_RINGBUF, "ring", 0, 0, SIZE, NULL);
	struct user_ring_buffer *ring = fd < 0 ? NULL : user_ring_buffer__new(fd, NULL);
	if (!ring)
		fail("new user ring buffer", errno);
	for (unsigned long long i = 0; i < n; i++) {
		unsigned size = sizeof i + i % 50;
		unsigned char *sample;
		// libbpf 1.1 waits once, for any room at all.
		while (!(sample = user_ring_buffer__reserve_blocking(ring, size, -1)))
			if (errno != ENOSPC)
				fail("reserve", errno);
		memcpy(sample, &i, sizeof i);
		for (unsigned at = sizeof i; at < size; at++)
			sample[at] = i + at;
		if (i % 7 == 6)
			user_ring_buffer__discard(ring, sample);
		else
			user_ring_buffer__submit(ring, sample);
	}
	puts("written");
	fflush(stdout);
	getchar();
	user_ring_buffer__free(ring);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		fail("arguments", argc);
	(strcmp(argv[1], "read") ? write_ring : read_ring)(strtoull(argv[2], NULL, 10));
	return 0;
}
