package fault

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/bpfsim/bpfsim/abi"
)

// short are names for the commands that rules are mostly about.
var short = map[string]abi.Cmd{
	"create": abi.MapCreate, "lookup": abi.MapLookupElem, "update": abi.MapUpdateElem, "delete": abi.MapDeleteElem,
	"next": abi.MapGetNextKey, "lookup_and_delete": abi.MapLookupAndDeleteElem, "freeze": abi.MapFreeze,
	"lookup_batch": abi.MapLookupBatch, "lookup_and_delete_batch": abi.MapLookupAndDeleteBatch,
	"update_batch": abi.MapUpdateBatch, "delete_batch": abi.MapDeleteBatch, "pin": abi.ObjPin, "get": abi.ObjGet,
	"info": abi.ObjGetInfoByFD, "load": abi.ProgLoad, "link": abi.LinkCreate, "attach": abi.ProgAttach,
	"test_run": abi.ProgTestRun,
}

// Parse reads a rule written as COMMAND[@NAME][:CONDITION,...]=ERRNO, for example
//
//	update@ct:nth=3=ENOMEM             the third update of the map ct
//	BPF_MAP_CREATE:share=0.1,seed=7=EPERM    a tenth of all maps made
//	lookup_batch@flow*:after=2=EINTR   two elements, then EINTR
//	lookup:delay=5ms=OK                later, but right
//
// Conditions are nth, every, share and seed, which choose calls, and after and delay (Rule).
func Parse(text string) (Rule, error) {
	r, err := parse(text)
	if err != nil {
		return r, fmt.Errorf("parse fault %q: %w (want COMMAND[@NAME][:CONDITION,...]=ERRNO, such as update@ct:nth=3=ENOMEM)", text, err)
	}
	return r, nil
}

func parse(text string) (r Rule, err error) {
	at := strings.LastIndexByte(text, '=')
	if at < 0 {
		return r, fmt.Errorf("no =ERRNO at the end")
	}
	calls, conditions, _ := strings.Cut(text[:at], ":")
	command, name, _ := strings.Cut(calls, "@")
	if r.Cmd, err = parseCommand(command); err != nil {
		return r, err
	}
	if _, err := path.Match(name, ""); err != nil {
		return r, fmt.Errorf("name %q: %w", name, err)
	}
	r.Name = name
	if r.Errno, err = parseErrno(text[at+1:]); err != nil {
		return r, err
	}
	for condition := range strings.SplitSeq(conditions, ",") {
		if err := r.condition(condition); conditions != "" && err != nil {
			return r, err
		}
	}
	return r, r.Check()
}

func parseCommand(name string) (abi.Cmd, error) {
	if cmd, ok := short[strings.ToLower(name)]; ok {
		return cmd, nil
	}
	if cmd, ok := abi.CmdByName(strings.ToUpper(name)); ok {
		return cmd, nil
	}
	return 0, fmt.Errorf("no command %q: want lookup, update, delete, next, create, lookup_batch, ... or a name such as BPF_MAP_UPDATE_ELEM", name)
}

func parseErrno(name string) (abi.Errno, error) {
	if errno, ok := abi.ErrnoByName(name); ok {
		return errno, nil
	}
	return 0, fmt.Errorf("no errno %q: want a name such as ENOMEM, or OK", name)
}

// condition reads one KEY=VALUE.
func (r *Rule) condition(text string) (err error) {
	key, value, _ := strings.Cut(text, "=")
	switch key {
	case "nth":
		r.Nth, err = positive(value)
	case "every":
		r.Every, err = positive(value)
	case "seed":
		r.Seed, err = strconv.ParseUint(value, 0, 64)
	case "after":
		var n uint64
		n, err = strconv.ParseUint(value, 0, 32)
		r.After = uint32(n)
	case "share":
		r.Share, err = share(value)
	case "delay":
		if r.Delay, err = time.ParseDuration(value); err == nil && r.Delay < 0 {
			err = fmt.Errorf("is negative")
		}
	default:
		return fmt.Errorf("no condition %q: want nth, every, share, seed, after or delay", key)
	}
	if err != nil {
		return fmt.Errorf("%s %q: %w", key, value, err)
	}
	return nil
}

func positive(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 0, 64)
	if err == nil && n == 0 {
		err = fmt.Errorf("calls are counted from 1")
	}
	return n, err
}

func share(text string) (float64, error) {
	p, err := strconv.ParseFloat(text, 64)
	if err == nil && !(p > 0 && p <= 1) {
		err = fmt.Errorf("want more than 0 and at most 1")
	}
	return p, err
}
