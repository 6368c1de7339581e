package main

import (
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/intercept"
)

// memoryFor is how many bytes the maps may take: what --memory says, or half of what this process may take, since
// memory of freed maps is collected some time later. 0 is no bound.
func memoryFor(flag string) (uint64, error) {
	if flag != "" {
		return parseSize(flag)
	}
	available := intercept.AvailableMemory()
	if available == math.MaxUint64 {
		return 0, nil
	}
	return max(available/2, 1), nil
}

// collectWithin has memory of freed maps collected before it is half as much as the maps may take.
func collectWithin(memory uint64) {
	if memory != 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(min(memory+memory/2, math.MaxInt64)))
	}
}

// sizeUnits are the letters of powers of 1024.
const sizeUnits = "KMGT"

// parseSize reads bytes: 4096, 512M, 2GiB.
func parseSize(text string) (uint64, error) {
	digits := strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(text, "B"), "i"), sizeUnits)
	unit := strings.TrimSuffix(strings.TrimSuffix(text[len(digits):], "B"), "i")
	n, err := strconv.ParseUint(digits, 10, 64)
	shift := 10 * (1 + strings.Index(sizeUnits, unit))
	if unit == "" {
		shift = 0
	}
	if err != nil || n == 0 || len(unit) > 1 || n > math.MaxUint64>>shift {
		return 0, fmt.Errorf("--memory %s: want a number of bytes above 0, such as 512MiB or 2GiB", text)
	}
	return n << shift, nil
}
