package fault_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/fault"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]fault.Rule{
		"update@ct:nth=3=ENOMEM":                       {Cmd: abi.MapUpdateElem, Name: "ct", Nth: 3, Errno: abi.ENOMEM},
		"BPF_MAP_CREATE:share=0.1,seed=7=EPERM":        {Cmd: abi.MapCreate, Share: 0.1, Seed: 7, Errno: abi.EPERM},
		"bpf_obj_pin=EACCES":                           {Cmd: abi.ObjPin, Errno: abi.EACCES},
		"lookup_batch@flow*:after=2,every=2=EINTR":     {Cmd: abi.MapLookupBatch, Name: "flow*", After: 2, Every: 2, Errno: abi.EINTR},
		"lookup:delay=5ms=OK":                          {Cmd: abi.MapLookupElem, Delay: 5 * time.Millisecond},
		"lookup_and_delete@q:delay=1s,nth=0x10=EAGAIN": {Cmd: abi.MapLookupAndDeleteElem, Name: "q", Delay: time.Second, Nth: 16, Errno: abi.EAGAIN},
	} {
		got, err := fault.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
		again, err := fault.Parse(got.String())
		require.NoError(t, err)
		require.Equal(t, want, again, got.String())
	}
}

func TestRuleInWords(t *testing.T) {
	require.Equal(t, "update@flowz:nth=3=ENOMEM", fault.Rule{Cmd: abi.MapUpdateElem, Name: "flowz", Nth: 3, Errno: abi.ENOMEM}.String())
	require.Equal(t, "create=EPERM", fault.Rule{Errno: abi.EPERM}.String())
	require.Equal(t, "BPF_BTF_LOAD:delay=1s=OK", fault.Rule{Cmd: abi.BTFLoad, Delay: time.Second}.String())
}

func TestParseRefuses(t *testing.T) {
	for text, why := range map[string]string{
		"":                        "no =ERRNO",
		"update":                  "no =ERRNO",
		"upd=ENOMEM":              `no command "upd"`,
		"update=ENOMEN":           `no errno "ENOMEN"`,
		"update@[=ENOMEM":         "syntax error in pattern",
		"update:nth=0=ENOMEM":     "counted from 1",
		"update:nth=x=ENOMEM":     `nth "x"`,
		"update:third=3=ENOMEM":   `no condition "third"`,
		"update:share=1.5=ENOMEM": "at most 1",
		"update:share=NaN=ENOMEM": "more than 0",
		"update:delay=-1s=ENOMEM": "negative",
		"update:after=-1=ENOMEM":  "after",
		"update:nth=3,=ENOMEM":    `no condition ""`,
		"update=OK":               "changes nothing",
	} {
		_, err := fault.Parse(text)
		require.ErrorContains(t, err, why, text)
		require.ErrorContains(t, err, fmt.Sprintf("parse fault %q", text))
	}
}
