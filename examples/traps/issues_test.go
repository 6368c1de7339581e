package traps

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every test but this one names, first of all, the public issues that it comes from.
func TestIssuesAreNamed(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	traps := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "Test") || f.Name.Name == "TestMain" || f.Name.Name == t.Name() {
				continue
			}
			require.Regexp(t, `^([\w.-]+/[\w.-]+#\d+(, |: ))+`, strings.ReplaceAll(f.Doc.Text(), "\n", " "), f.Name.Name)
			traps++
		}
	}
	require.GreaterOrEqual(t, traps, 20)
}
