package patch

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Below is the path of a package below Module, or one of Standard; false for packages that are not patched. In a vendor directory the go command
// gives packages the paths that they have without.
func Below(importPath string) (pkg string, patched bool) {
	importPath, _, _ = strings.Cut(importPath, " ") // of a package built for a test: "path [test]"
	if slices.Contains(Standard, importPath) {
		return importPath, true
	}
	rest, ok := strings.CutPrefix(importPath+"/", Module+"/")
	if !ok {
		return "", false
	}
	for _, p := range Packages {
		if p == strings.TrimSuffix(rest, "/") {
			return p, true
		}
	}
	return "", false
}

// Files patches the source files of a package and returns the new text of those that change.
func Files(pkg string, names []string) (map[string][]byte, error) {
	var files []*source
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read source: %w", err)
		}
		s, err := parse(name, text)
		if err != nil {
			return nil, err
		}
		files = append(files, s)
	}
	if err := apply(pkg, files); err != nil {
		return nil, unknown(names, err)
	}
	changed := map[string][]byte{}
	for _, s := range files {
		if s.edits != nil {
			changed[s.name] = s.patched()
		}
	}
	return changed, nil
}

// unknown is the error of a version whose shape is not known.
func unknown(names []string, err error) error {
	return fmt.Errorf("%s in %s is of a version that is not known: %w; the known ones are 0.16 to 0.22. Tests run without the patch "+
		"by a filter instead: go test without -toolexec, or BPFSIM_ROAD=notified", Module, filepath.Dir(names[0]), err)
}
