package bpftest_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every function and method that users can call is called in an example, but for those that package testing has as well.
func TestEachNameIsInAnExample(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var examples []byte
	var names []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		switch {
		case strings.HasPrefix(file, "example"):
			examples = append(examples, text...)
		case !strings.HasSuffix(file, "_test.go"):
			names = append(names, exported(t, file, text)...)
		}
	}
	require.NotEmpty(t, names)
	known := reflect.TypeFor[testing.TB]()
	for _, name := range names {
		if _, ok := known.MethodByName(name); !ok && name != "String" {
			require.True(t, bytes.Contains(examples, []byte("."+name+"(")), "no example calls %s", name)
		}
	}
}

// exported are the names of a file's functions and methods that others can call.
func exported(t *testing.T, file string, text []byte) (names []string) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
	require.NoError(t, err)
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || !f.Name.IsExported() || f.Recv != nil && !receiver(f).IsExported() {
			continue
		}
		names = append(names, f.Name.Name)
	}
	return names
}

func receiver(f *ast.FuncDecl) *ast.Ident {
	e := f.Recv.List[0].Type
	if pointer, ok := e.(*ast.StarExpr); ok {
		e = pointer.X
	}
	return e.(*ast.Ident)
}
