package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// WriteTable prints the top flows, most bytes first, flows with equal bytes by address. top 0 prints all.
func WriteTable(w io.Writer, flows map[Flow]Traffic, top int) error {
	keys := sorted(flows)
	if top > 0 && top < len(keys) {
		keys = keys[:top]
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FLOW\tPACKETS\tBYTES")
	for _, key := range keys {
		fmt.Fprintf(table, "%s\t%d\t%d\n", key, flows[key].Packets, flows[key].Bytes)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

func sorted(flows map[Flow]Traffic) []Flow {
	keys := make([]Flow, 0, len(flows))
	for key := range flows {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b Flow) int {
		return cmp.Or(
			cmp.Compare(flows[b].Bytes, flows[a].Bytes),
			bytes.Compare(a.Source[:], b.Source[:]),
			bytes.Compare(a.Destination[:], b.Destination[:]),
		)
	})
	return keys
}
