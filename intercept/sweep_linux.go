package intercept

import (
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"
)

// suspects are the objects one of whose fds was closed while others seemed to be open. The kernel tells of a close
// before the file ceases to count as open, so they are tried again: at the next sweeps, and then after ever longer
// times, so that maps with many fds that come and go cost little.
type suspects [levels][]suspect

// suspect is an entry for an object; it has no meaning any more when the object's level is another.
type suspect struct {
	o   *object
	due time.Time
}

const (
	notSuspect = -1
	levels     = 32
	atSweeps   = 8 // levels below it are due at the next sweep, the others after 1 ms, 2 ms, 4 ms, ...
)

// put files o at a level.
func (s *suspects) put(o *object, level int, now time.Time) {
	o.level = min(level, levels-1)
	due := now
	if o.level >= atSweeps {
		due = now.Add(time.Millisecond << (o.level - atSweeps))
	}
	s[o.level] = append(s[o.level], suspect{o, due})
}

// take removes what is due of a level and calls try with it. Equal waits end in the order in which they began.
func (s *suspects) take(level int, now time.Time, try func(*object)) {
	due := s[level]
	n := 0
	for n < len(due) && !due[n].due.After(now) {
		n++
	}
	if s[level] = due[n:]; n == len(due) {
		s[level] = nil
	}
	for _, entry := range due[:n] {
		if entry.o.level == level {
			try(entry.o)
		}
	}
}

// suspect tries to free o, now and later.
func (all *objects) suspect(o *object) {
	if !all.freeIfUnused(o) && o.level != 0 {
		all.suspects.put(o, 0, time.Now())
	}
}

// retry tries the suspects that are due. Higher levels come first, so that none is tried twice.
func (all *objects) retry() {
	now := time.Now()
	for level := levels - 1; level >= 0; level-- {
		if len(all.suspects[level]) == 0 {
			continue
		}
		all.suspects.take(level, now, func(o *object) {
			if !all.freeIfUnused(o) {
				all.suspects.put(o, level+1, now)
			}
		})
	}
}

// sweep frees the maps whose last fd was closed. What a thread closed before its call is seen here.
func (all *objects) sweep() {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.retry()
	for o := range all.unwatched {
		all.freeIfUnused(o)
	}
	var buf [4096]byte
	for {
		n, err := unix.Read(all.notify, buf[:])
		if err != nil || n <= 0 {
			return
		}
		all.events(buf[:n])
	}
}

// events handles what inotify(7) tells: 16 bytes an event, without names as only files are watched. When events were
// lost, every object is suspect.
func (all *objects) events(buf []byte) {
	for ; len(buf) >= unix.SizeofInotifyEvent; buf = buf[unix.SizeofInotifyEvent:] {
		watch := int(int32(binary.NativeEndian.Uint32(buf)))
		if binary.NativeEndian.Uint32(buf[4:])&unix.IN_Q_OVERFLOW != 0 {
			for _, o := range all.byInode {
				all.suspect(o)
			}
			continue
		}
		if o, ok := all.byWatch[watch]; ok {
			all.suspect(o)
		}
	}
}

// freeIfUnused frees o unless somebody has it open or uses it.
func (all *objects) freeIfUnused(o *object) bool {
	switch {
	case o.users > 0:
		o.late = true
		return true
	case !o.memfd.unused():
		return false
	}
	all.free(o)
	return true
}

// idleTime is how long a map may outlive its last fd when nobody calls.
const idleTime = 250 * time.Millisecond

// startIdle has the objects swept now and then.
func (all *objects) startIdle() {
	if all.idle == nil && !all.untimed {
		all.idle = time.AfterFunc(idleTime, all.sweepIdle)
	}
}

func (all *objects) sweepIdle() {
	all.sweep()
	all.mu.Lock()
	defer all.mu.Unlock()
	if len(all.byInode) == 0 {
		all.idle = nil
		return
	}
	all.idle.Reset(idleTime)
}
