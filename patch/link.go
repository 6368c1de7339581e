package patch

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Simulator is the package that answers calls. It is initialised before all that it does not need itself, so that it also answers calls which packages
// make as they are initialised.
const Simulator = "github.com/bpfsim/bpfsim/bpftest"

// firstName is the variable of the patched runtime that lists the packages to begin with.
const firstName = "bpfsimFirst" + Version

// linkArgs tells the patched runtime, by way of the linker's arguments, what the simulator needs.
func linkArgs(args []string) ([]string, error) {
	at := slices.Index(args, "-importcfg") + 1
	if at == 0 || at == len(args) {
		return args, nil
	}
	text, err := os.ReadFile(args[at])
	if err != nil {
		return nil, fmt.Errorf("read the list of packages: %w", err)
	}
	archives := archivesIn(text)
	if archives[Simulator] == "" {
		return args, nil
	}
	needed, err := closure(Simulator, archives)
	if err != nil {
		return nil, err
	}
	return slices.Insert(slices.Clone(args), 1, "-X=runtime."+firstName+"=,"+strings.Join(needed, ",")+","), nil
}

// archivesIn reads the linker's list of packages, which are "packagefile PATH=FILE".
func archivesIn(text []byte) map[string]string {
	archives := map[string]string{}
	for line := range bytes.Lines(text) {
		entry, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "packagefile ")
		if path, file, found := strings.Cut(entry, "="); ok && found {
			archives[path] = file
		}
	}
	return archives
}

// closure are a package and all that it imports, directly or not, as symbols are named after them.
func closure(path string, archives map[string]string) (symbols []string, err error) {
	seen := map[string]bool{path: true}
	for todo := []string{path}; len(todo) > 0; {
		last := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		symbols = append(symbols, escaped(last))
		imports, err := importsOf(archives[last])
		if err != nil {
			return nil, fmt.Errorf("find what %s imports: %w", last, err)
		}
		for _, i := range imports {
			if !seen[i] && archives[i] != "" { // not unsafe
				seen[i] = true
				todo = append(todo, i)
			}
		}
	}
	slices.Sort(symbols)
	return symbols, nil
}

// escaped is a path as it begins symbols: dots of its last element would end it (PathToPrefix in cmd/internal/objabi).
func escaped(path string) string {
	last := strings.LastIndexByte(path, '/') + 1
	return path[:last] + strings.ReplaceAll(path[last:], ".", "%2e")
}
