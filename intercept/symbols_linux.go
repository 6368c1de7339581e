package intercept

import (
	"os"
	"strconv"
	"strings"
	"sync"
)

// symbols are the kernel's functions, with their addresses, which are 0 where the kernel hides
// them from this process. Read once: modules that come later are not known.
var symbols = sync.OnceValue(func() map[string]uint64 {
	all := map[string]uint64{}
	text, _ := os.ReadFile("/proc/kallsyms")
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 3 || !strings.ContainsAny(f[1], "tTwW") {
			continue
		}
		addr, _ := strconv.ParseUint(f[0], 16, 64)
		all[f[2]] = addr
	}
	return all
})
