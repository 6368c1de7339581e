//go:build linux && (amd64 || arm64)

package bpftest

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/bpfsim/bpfsim/bpftest/early"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// runPatched is Main of tests whose client library hands its calls over.
func runPatched(m Tests, s settings) int {
	a, err := answering.take(s)
	if err != nil {
		return unavailable(err)
	}
	defer a.end()
	kernel = &direct{host: a.host, release: a.own.Sweep, watch: a.own.Watch}
	return m.Run()
}

// bpffsPrefix is what the names of directories begin with that stand for a bpffs.
const bpffsPrefix = "bpfsim-bpffs-"

// removeStale removes the directories of tests that were killed. Who uses one holds a lock on it, from shortly after it was made.
func removeStale() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), bpffsPrefix+"*"))
	for _, dir := range dirs {
		st, err := os.Stat(dir)
		if err != nil || time.Since(st.ModTime()) < time.Minute {
			continue
		}
		held, err := os.Open(dir)
		if err != nil {
			continue
		}
		if unix.Flock(int(held.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			_ = os.RemoveAll(dir)
		}
		held.Close()
	}
}

// answerer answers the calls of this process.
type answerer struct {
	own  *intercept.Own
	host *host
	dir  string // that stands for its bpffs
}

func newAnswerer(s settings) (a *answerer, err error) {
	if s.cpus, err = s.possibleCPUs(); err != nil {
		return nil, err
	}
	types, ownTypes, err := s.types()
	if err != nil {
		return nil, err
	}
	early.Leave() // before there are filters besides its own
	removeStale()
	dir, err := os.MkdirTemp("", bpffsPrefix)
	if err != nil {
		return nil, fmt.Errorf("make bpffs directory: %w", err)
	}
	h := newHost(s.cpus, types)
	own, err := intercept.NewOwn(intercept.Options{Current: h.current, Stray: h.stray.kernel, Below: h.below, Record: h.recorderOf, Caps: bpfsys.Root, CPUs: s.cpus,
		Types: ownTypes, BPFFS: dir}, &closes)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	os.Setenv(bpffsName, dir)
	os.Setenv(ownName, "1")
	h.bpffs = dir
	return &answerer{own, h, dir}, nil
}

func (a *answerer) end() {
	a.own.Close()
	_ = os.RemoveAll(a.dir)
}
