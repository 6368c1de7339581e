package intercept

import (
	"os"

	"golang.org/x/sys/unix"
)

// limits share out the fds that this process may have, so that whatever programs do there are enough to answer with.
type limits struct {
	workers int // that answer at a time
	threads int // whose directories stay open
	objects int // that fds of programs stand for
}

const (
	// maxThreads bounds the threads whose directories stay open.
	maxThreads = 256
	// fdsOfWorker is how many fds an answer needs at most, fdsOfThread how many a thread's directories are.
	fdsOfWorker = 6
	fdsOfThread = 2
	// fdsOfService are the listener, eventfds and the like.
	fdsOfService = 20
	// leastWorkers are a leader, a deputy and one more.
	leastWorkers = 3
)

// fdLimits looks at RLIMIT_NOFILE, whose soft limit Go raises to the hard one in itself, and at what is open.
func fdLimits() limits {
	most := 1 << 10
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		most = int(min(limit.Cur, 1<<30))
	}
	return share(most - openFDs())
}

func openFDs() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

// share gives an eighth to threads, a fifth to workers and the rest to maps.
func share(fds int) limits {
	l := limits{
		workers: min(max(fds/5/(fdsOfWorker+fdsOfThread), leastWorkers), maxWorkers),
		threads: min(max(fds/8/fdsOfThread, 1), maxThreads),
	}
	l.objects = max(fds-l.workers*(fdsOfWorker+fdsOfThread)-l.threads*fdsOfThread-fdsOfService, 0)
	return l
}
