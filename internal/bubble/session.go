package bubble

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

// Session is the process as runs need it: one goroutine runs at a time, so that ids of goroutines grow in the order of their creation and
// the length of the queue of goroutines says whether all wait; and nobody waits for the garbage collector. There is one at a time.
type Session struct {
	ticks   atomic.Uint64 // of the real time
	rests   chan struct{}
	stop    chan struct{}
	stopped sync.WaitGroup
	procs   int
	percent int
	limit   int64
	floor   uint64 // bytes of heap after the last collection
	away    uint64 // goroutines that stay in system calls
	current atomic.Pointer[Run]
	plain   uintptr // the code of goroutines that need not be told what they begin with
}

const (
	tick  = 10 * time.Millisecond
	pause = 50 * time.Microsecond
	// turn is for how long a goroutine may keep the only P, or a little more. What is longer was no time of the body's: the process stood still.
	turn = 600 * time.Millisecond
	// garbage is how many bytes may be collected between two runs, and spike what one run may take before the collector runs in it.
	garbage = 64 << 20
	spike   = 1 << 30
)

var session sync.Mutex

// Begin waits for other sessions to end and begins one.
func Begin() *Session {
	session.Lock()
	s := &Session{stop: make(chan struct{}), rests: make(chan struct{}), procs: runtime.GOMAXPROCS(1)}
	s.collect()
	s.percent = debug.SetGCPercent(-1)
	s.limit = debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(s.limit, int64(s.floor)+spike))
	s.away = read().away
	s.stopped.Go(s.keepTime)
	s.stopped.Go(s.giveRests)
	s.take()
	return s
}

// End ends the session.
func (s *Session) End() {
	s.giveBack()
	s.current.Store(nil)
	close(s.stop)
	s.stopped.Wait()
	debug.SetMemoryLimit(s.limit)
	debug.SetGCPercent(s.percent)
	runtime.GOMAXPROCS(s.procs)
	session.Unlock()
}

func (s *Session) keepTime() {
	every := time.NewTicker(tick)
	defer every.Stop()
	for last := time.Now(); ; {
		select {
		case <-s.stop:
			return
		case <-every.C:
			ticks := time.Since(last) / tick
			s.ticks.Add(uint64(min(ticks, turn/tick)))
			last = last.Add(ticks * tick)
		}
	}
}

// giveRests lets goroutines of bubbles wait for real time, which virtual time does not follow as this goroutine is none of a bubble's.
func (s *Session) giveRests() {
	for {
		time.Sleep(pause)
		select {
		case <-s.stop:
			return
		case s.rests <- struct{}{}:
		}
	}
}

// tidy collects garbage, if there is much.
func (s *Session) tidy() {
	if heapBytes() > s.floor+garbage {
		s.collect()
	}
}

func (s *Session) collect() {
	runtime.GC()
	s.cleanUp()
	s.floor = heapBytes()
}

// mostCleaning is how long the cleanups and finalizers of what was collected may take.
const mostCleaning = time.Second

// cleanUp has them run now, and not in the middle of the next run: they close files and take the mutexes of libraries.
func (s *Session) cleanUp() {
	for end := time.Now().Add(mostCleaning); !cleaned() && time.Now().Before(end); {
		runtime.Gosched()
	}
}

// cleaned tells that all of them have run.
func cleaned() bool {
	samples := [4]metrics.Sample{{Name: "/gc/cleanups/queued:cleanups"}, {Name: "/gc/cleanups/executed:cleanups"},
		{Name: "/gc/finalizers/queued:finalizers"}, {Name: "/gc/finalizers/executed:finalizers"}}
	metrics.Read(samples[:])
	if samples[0].Value.Kind() != metrics.KindUint64 { // another Go
		return true
	}
	return samples[0].Value.Uint64() == samples[1].Value.Uint64() && samples[2].Value.Uint64() == samples[3].Value.Uint64()
}

func heapBytes() uint64 {
	sample := [1]metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample[:])
	return sample[0].Value.Uint64()
}

// goroutines are those of the process: that could run, and that are in a system call.
type goroutines struct{ runnable, away uint64 }

func read() goroutines {
	sample := [2]metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}, {Name: "/sched/goroutines/not-in-go:goroutines"}}
	metrics.Read(sample[:])
	return goroutines{sample[0].Value.Uint64(), sample[1].Value.Uint64()}
}
