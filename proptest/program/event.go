package program

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// events reads the words behind an event's verb.
var events = map[string]func(words []string) (Action, error){
	"close": func(words []string) (Action, error) {
		n, err := numbers(words, "fd")
		return Close{FD: n[0]}, err
	},
	"dup": func(words []string) (Action, error) {
		n, err := numbers(words, "fd", "to")
		return Dup{FD: n[0], To: n[1]}, err
	},
	"foreign": func(words []string) (Action, error) {
		n, err := numbers(words, "fd")
		return Foreign{FD: n[0]}, err
	},
	"open": func(words []string) (Action, error) {
		if len(words) != 2 {
			return nil, errors.New("open: want fd and what")
		}
		n, err := numbers(words[:1], "fd")
		if err != nil {
			return nil, err
		}
		what, err := paths(words[1:], "what")
		if err == nil && !slices.Contains(Things, what[0]) {
			err = fmt.Errorf("open: %q is none of %v", what[0], Things)
		}
		return Open{FD: n[0], What: what[0]}, err
	},
	"mkdir": func(words []string) (Action, error) {
		s, err := paths(words, "path")
		return Mkdir{Path: s[0]}, err
	},
	"rmdir": func(words []string) (Action, error) {
		s, err := paths(words, "path")
		return Rmdir{Path: s[0]}, err
	},
	"unlink": func(words []string) (Action, error) {
		s, err := paths(words, "path")
		return Unlink{Path: s[0]}, err
	},
	"rename": func(words []string) (Action, error) {
		s, err := paths(words, "from", "to")
		return Rename{From: s[0], To: s[1]}, err
	},
}

// values reads name=value words that must be exactly the named ones, in order.
func values(words []string, names []string) ([]string, error) {
	texts := make([]string, len(names))
	if len(words) != len(names) {
		return texts, fmt.Errorf("want %v", names)
	}
	for i, name := range names {
		value, ok := strings.CutPrefix(words[i], name+"=")
		if !ok {
			return texts, fmt.Errorf("%q is not %s=", words[i], name)
		}
		texts[i] = value
	}
	return texts, nil
}

func numbers(words []string, names ...string) ([]int32, error) {
	n := make([]int32, len(names))
	texts, err := values(words, names)
	for i := 0; err == nil && i < len(texts); i++ {
		var v int64
		v, err = strconv.ParseInt(texts[i], 10, 32)
		n[i] = int32(v)
	}
	return n, err
}

func paths(words []string, names ...string) ([]string, error) {
	s := make([]string, len(names))
	texts, err := values(words, names)
	for i := 0; err == nil && i < len(texts); i++ {
		s[i], err = strconv.Unquote(texts[i])
	}
	return s, err
}
