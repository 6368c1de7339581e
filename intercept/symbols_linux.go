package intercept

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// kallsyms is where programs read the kernel's symbols and their addresses.
const kallsyms = "/proc/kallsyms"

// symbolTable are the kernel's symbols.
type symbolTable struct {
	functions map[string]uint64 // addresses
	text      string            // for programs to read; "" where the host shows them addresses
}

// symbols are those of the host's kernel. It shows ordinary users no addresses: these are made up then, in the order of the real ones. Read
// once: modules that come later are not known.
var symbols = sync.OnceValue(func() *symbolTable {
	text, _ := os.ReadFile(kallsyms)
	return parseSymbols(string(text))
})

func parseSymbols(text string) *symbolTable {
	t := &symbolTable{functions: map[string]uint64{}}
	if hidesAddresses(text) {
		text = withAddresses(text)
		t.text = text
	}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 3 || !strings.ContainsAny(f[1], "tTwW") {
			continue
		}
		addr, _ := strconv.ParseUint(f[0], 16, 64)
		t.functions[f[2]] = addr
	}
	return t
}

// addressDigits is how many digits an address has in the text.
const addressDigits = 16

// hidesAddresses tells a text whose addresses are all 0.
func hidesAddresses(text string) bool {
	for line := range strings.Lines(text) {
		if strings.Trim(line[:min(len(line), addressDigits)], "0") != "" {
			return false
		}
	}
	return text != ""
}

// withAddresses gives each symbol an address where x86-64 has those of its kind, far enough apart that a number of a helper behind
// one is not another's.
func withAddresses(text string) string {
	const distance = 1 << 10
	kernel, module := uint64(0xffffffff81000000), uint64(0xffffffffc0000000)
	var b strings.Builder
	b.Grow(len(text))
	for line := range strings.Lines(text) {
		addr := &kernel
		if strings.Contains(line, "\t[") {
			addr = &module
		}
		if len(line) > addressDigits {
			fmt.Fprintf(&b, "%016x%s", *addr, line[addressDigits:])
			*addr += distance
		}
	}
	return b.String()
}
