package trace

import (
	"fmt"
	"strings"
)

func address(addr uint64) string {
	if addr == 0 {
		return "NULL"
	}
	return fmt.Sprintf("%#x", addr)
}

// longestText is how many bytes of a key, a value or a path are printed.
const longestText = 256

// quote writes bytes as strace does: C escapes, octal ones as short as the next byte allows.
func quote(p []byte) string {
	var out strings.Builder
	out.WriteByte('"')
	for i, b := range p {
		digitFollows := i+1 < len(p) && p[i+1] >= '0' && p[i+1] <= '9'
		out.WriteString(escape(b, digitFollows))
	}
	out.WriteByte('"')
	return out.String()
}

var escapes = map[byte]string{
	'"': `\"`, '\\': `\\`, '\n': `\n`, '\t': `\t`, '\r': `\r`, '\f': `\f`, '\v': `\v`,
}

func escape(b byte, digitFollows bool) string {
	if text, ok := escapes[b]; ok {
		return text
	}
	switch {
	case b >= ' ' && b < 0x7f:
		return string(b)
	case digitFollows:
		return fmt.Sprintf(`\%03o`, b)
	}
	return fmt.Sprintf(`\%o`, b)
}
