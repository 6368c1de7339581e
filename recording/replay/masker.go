package replay

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
)

// masker replaces what is personal: the same bytes by the same others, of the same length, and different ones by different ones. Nobody without its
// secret can tell which.
type masker struct {
	secret [32]byte
	given  map[string]string
	taken  map[string]bool
}

func newMasker(secret [32]byte) *masker {
	return &masker{secret: secret, given: map[string]string{}, taken: map[string]bool{}}
}

// bytes masks a key or a value, in place.
func (m *masker) bytes(p []byte) {
	copy(p, m.replacement("b"+string(p), func(r *rand.ChaCha8) string {
		out := make([]byte, len(p))
		_, _ = r.Read(out) // it never fails
		return "b" + string(out)
	})[1:])
}

// text masks the letters and digits of a text; what stands between them stays, as do words that say what something is.
func (m *masker) text(text string) string {
	var out strings.Builder
	for len(text) > 0 {
		n := strings.IndexFunc(text, func(r rune) bool { return !isWord(r) })
		if n < 0 {
			n = len(text)
		}
		if n == 0 {
			n = 1
			out.WriteString(text[:1])
		} else {
			out.WriteString(m.word(text[:n]))
		}
		text = text[n:]
	}
	return out.String()
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r > 0x7f
}

// plain are words that stay: sections that libraries make maps of, and where the bpffs is.
var plain = []string{"rodata", "data", "bss", "kconfig", "sys", "fs", "bpf"}

func (m *masker) word(word string) string {
	if slices.Contains(plain, word) {
		return word
	}
	return m.replacement("t"+word, func(r *rand.ChaCha8) string {
		out := []byte("t" + word)
		for i := range out[1:] {
			out[1+i] = 'a' + byte(r.Uint64()%26)
		}
		return string(out)
	})[1:]
}

// enough is how often another replacement is drawn before one is taken that something else has: there may be no other.
const enough = 1 << 12

func (m *masker) replacement(of string, draw func(*rand.ChaCha8) string) string {
	if known, ok := m.given[of]; ok {
		return known
	}
	var out string
	for try := range uint32(enough) {
		seed := sha256.Sum256(slices.Concat(m.secret[:], binary.LittleEndian.AppendUint32(nil, try), []byte(of)))
		if out = draw(rand.NewChaCha8(seed)); !m.taken[out] {
			break
		}
	}
	m.given[of], m.taken[out] = out, true
	return out
}

// prefix masks the data of a key of an LPM_TRIE, so that keys which share a prefix still do, and no longer one.
func (m *masker) prefix(p []byte) {
	seen := append([]byte("p"), m.secret[:]...)
	for i := range p {
		was := p[i]
		for bit := 7; bit >= 0; bit-- {
			sum := sha256.Sum256(append(seen, was>>bit>>1, byte(bit)))
			p[i] ^= sum[0] & 1 << bit
		}
		seen = append(seen, was)
	}
}
