package recording

import (
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// seal is the checksum of a line and of all before it, so that no line can be changed, left out or moved without a trace.
type seal uint32

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// next is the seal of the line that follows.
func (s seal) next(line string) seal { return seal(crc32.Update(uint32(s), castagnoli, []byte(line))) }

// close appends the seal to its line.
func (s seal) close(line string) string { return fmt.Sprintf("%s #%08x\n", line, uint32(s)) }

// open takes the seal off a line; false where it has none.
func open(line string) (string, seal, bool) {
	at := strings.LastIndex(line, " #")
	if at < 0 || len(line)-at != len(" #00000000") {
		return line, 0, false
	}
	sum, err := strconv.ParseUint(line[at+2:], 16, 32)
	return line[:at], seal(sum), err == nil
}
