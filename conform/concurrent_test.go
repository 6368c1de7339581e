package conform_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/conform"
)

// locked is toy for several goroutines; a careless one looks first and acts later, each under the lock.
type locked struct{ careless bool }

type lockedMap struct {
	careless bool
	mu       sync.Mutex
	m        conform.Map
}

func (l locked) Create(s conform.Spec) (conform.Map, error) {
	m, err := toy{}.Create(s)
	return &lockedMap{careless: l.careless, m: m}, err
}

// look is what a careless one does before it acts, so that the others have looked, too.
func (l *lockedMap) look(key []byte) (present bool) {
	_, err := l.Lookup(key)
	time.Sleep(time.Millisecond)
	return err == nil
}

func (l *lockedMap) Lookup(key []byte) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.m.Lookup(key)
}

func (l *lockedMap) Update(key, value []byte, flags uint64) error {
	if l.careless && flags == 1 {
		if l.look(key) {
			return conform.EEXIST
		}
		flags = 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.m.Update(key, value, flags)
}

func (l *lockedMap) Delete(key []byte) error {
	if l.careless {
		if !l.look(key) {
			return conform.ENOENT
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.m.Delete(key); !l.careless {
		return err
	}
	return nil
}

func (l *lockedMap) NextKey(key []byte) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.m.NextKey(key)
}

// concurrentNames are what is broken of calls at the same time.
func concurrentNames(t *testing.T, report *conform.Report, err error) (broken []string) {
	t.Helper()
	require.NoError(t, err)
	for _, name := range names(report) {
		if strings.HasPrefix(name, "concurrent/") {
			broken = append(broken, name)
		}
	}
	return broken
}

var atTheSameTime = conform.Options{Types: []abi.MapType{abi.Hash, abi.LRUHash}, Programs: -1, Concurrent: true}

func concurrent(t *testing.T, careless bool) []string {
	report, err := conform.Run(context.Background(), conform.OnMaps(func() conform.Maps { return locked{careless} }), atTheSameTime)
	return concurrentNames(t, report, err)
}

var carelessness = []string{"concurrent/one-inserts", "concurrent/one-deletes", "concurrent/linearizable"}

func TestCallsAtTheSameTime(t *testing.T) {
	require.Empty(t, concurrent(t, false))
	require.Equal(t, carelessness, concurrent(t, true))
}

// A plugin that knows how is asked the same; one that does not is not.
func TestPluginsCallsAtTheSameTime(t *testing.T) {
	for behaviour, want := range map[string][]string{"together": nil, "together, careless": carelessness, "right": nil} {
		t.Run(behaviour, func(t *testing.T) {
			p := plugin(t, behaviour)
			defer p.Close()
			report, err := conform.Run(context.Background(), p, atTheSameTime)
			require.Equal(t, want, concurrentNames(t, report, err))
			i := slices.IndexFunc(report.Areas, func(a *conform.Area) bool { return a.Name == "concurrent" })
			require.GreaterOrEqual(t, i, 0)
			require.Equal(t, behaviour == "right", report.Areas[i].Asked == 0, "%+v", report.Areas[i])
		})
	}
}

// What goes wrong between calls at the same time is told, and asking goes on.
func TestPluginsThatFailTogether(t *testing.T) {
	for _, behaviour := range []string{"together: dies", "together: other number", "together: nonsense", "together: no digits"} {
		t.Run(behaviour, func(t *testing.T) {
			p := plugin(t, behaviour)
			defer p.Close()
			hash := atTheSameTime
			hash.Types = hash.Types[:1] // a plugin that fails ten times is not asked any more
			report, err := conform.Run(context.Background(), p, hash)
			for _, name := range []string{"concurrent/one-inserts", "concurrent/one-deletes"} {
				require.Contains(t, concurrentNames(t, report, err), name)
			}
		})
	}
}
