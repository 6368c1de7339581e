package intercept

import (
	"os"

	"golang.org/x/sys/unix"
)

// limits share out the fds that this process may have, so that whatever programs do there are enough to answer with.
type limits struct {
	table   int // RLIMIT_NOFILE
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
	// fdsOfGate is how many more a map takes that programs wait for.
	fdsOfGate = 2
	// fdsOfService are eventfds, inotify, what belongs to the keeper and the like.
	fdsOfService = 12
	// leastWorkers are a leader, a deputy and one more.
	leastWorkers = 3
	// smallTable is how many fds are spent on maps first: a client that makes one and ends is the most frequent.
	smallTable = 240
)

// fdLimits looks at RLIMIT_NOFILE, whose soft limit Go raises to the hard one in itself, and at what is open.
func fdLimits() limits {
	most := 1 << 10
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		most = int(min(limit.Cur, 1<<30))
	}
	l := share(most - openFDs())
	l.table = most
	return l
}

func openFDs() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

// share gives maps what the least number of workers leaves, in a small table; of what a larger one has, an eighth goes to
// threads and a fifth to workers.
func share(fds int) limits {
	spare := max(fds-smallTable, 0)
	l := limits{
		workers: min(max(spare/5/(fdsOfWorker+fdsOfThread), leastWorkers), maxWorkers),
		threads: min(spare/8/fdsOfThread, maxThreads),
	}
	perWorker := fdsOfWorker
	if l.threads > 0 {
		perWorker += fdsOfThread
	}
	l.objects = max(fds-l.workers*perWorker-l.threads*fdsOfThread-fdsOfService, 0)
	return l
}
