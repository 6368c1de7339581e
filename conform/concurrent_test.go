package conform_test

import (
	"context"
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

func concurrent(t *testing.T, careless bool) (broken []string) {
	o := conform.Options{Types: []abi.MapType{abi.Hash, abi.LRUHash}, Programs: -1, Concurrent: true}
	report, err := conform.Run(context.Background(), conform.OnMaps(func() conform.Maps { return locked{careless} }), o)
	require.NoError(t, err)
	for _, name := range names(report) {
		if strings.HasPrefix(name, "concurrent/") {
			broken = append(broken, name)
		}
	}
	return broken
}

func TestCallsAtTheSameTime(t *testing.T) {
	require.Empty(t, concurrent(t, false))
	require.Equal(t, []string{"concurrent/one-inserts", "concurrent/one-deletes"}, concurrent(t, true))
}
