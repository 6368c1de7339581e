package intercept

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// refusing takes no more than room bytes.
type refusing struct{ room int }

func (r *refusing) Write(p []byte) (int, error) {
	if r.room -= len(p); r.room < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

func TestOutletTellsOfLostLinesOnce(t *testing.T) {
	var stderr strings.Builder
	o := newOutlet(&refusing{room: 5}, &stderr)
	for range 4 {
		o.put("line\n")
	}
	o.expire()
	o.close()
	require.Equal(t, "bpfsim: the trace is lost, or a part of it: no space left\n", stderr.String())
}
