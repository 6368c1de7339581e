//go:build linux && (amd64 || arm64)

package intercept

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShareOfFDs(t *testing.T) {
	for _, fds := range []int{50, 100, 256, 1024, 1 << 20} {
		l := share(fds)
		used := l.objects + l.threads*fdsOfThread + l.workers*fdsOfWorker + fdsOfService
		if l.threads > 0 {
			used += l.workers * fdsOfThread
		}
		require.LessOrEqual(t, used, fds)
		require.GreaterOrEqual(t, l.workers, leastWorkers)
		require.Positive(t, l.objects)
	}
	require.Equal(t, maxWorkers, share(1<<20).workers)
	require.Zero(t, share(0).objects)
	require.Greater(t, share(50).objects, 16)
	require.Greater(t, share(240).objects, 200)
}
