package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
)

// A build takes longer than the tests that find a mutant. So all mutants of a package are built together: beside each function
// that one changes stands the changed one, and the function begins with a look at who is asked for.

// number is the variable that says which mutant is asked for, from the environment.
const (
	number      = "plantedMutant"
	numberFile  = "planted_mutant.go"
	environment = "PLANTED_MUTANT"
)

const numberText = `package %s

import (
	"os"
	"strconv"
)

var ` + number + `, _ = strconv.Atoi(os.Getenv("` + environment + `"))
`

// change is a function that a mutant changes.
type change struct {
	mutant  int
	name    string // in the original
	changed string // the whole function, with another name
}

// isolate finds the one function in which planted differs from text. It has to have names for what it is called with.
func isolate(text, planted string, mutant int) (c change, ok bool) {
	set := token.NewFileSet()
	a, errA := parser.ParseFile(set, "", text, parser.SkipObjectResolution)
	b, errB := parser.ParseFile(set, "", planted, parser.SkipObjectResolution)
	if errA != nil || errB != nil || len(a.Decls) != len(b.Decls) {
		return c, false
	}
	for i := range a.Decls {
		if printed(set, a.Decls[i]) == printed(set, b.Decls[i]) {
			continue
		}
		f, is := b.Decls[i].(*ast.FuncDecl)
		if !is || c.name != "" || callOf(f, "") == "" {
			return c, false
		}
		c = change{mutant: mutant, name: nameOf(f)}
		f.Name.Name = changedName(f.Name.Name, mutant)
		f.Doc = nil
		c.changed = printed(set, f)
	}
	return c, c.name != ""
}

func printed(set *token.FileSet, d ast.Decl) string {
	var text bytes.Buffer
	if f, is := d.(*ast.FuncDecl); is {
		f.Doc = nil
	}
	if err := format.Node(&text, set, d); err != nil {
		return err.Error()
	}
	return text.String()
}

func changedName(name string, mutant int) string { return fmt.Sprintf("%sPlanted%d", name, mutant) }

// nameOf is a function's name with its receiver's type.
func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	return types.ExprString(f.Recv.List[0].Type) + "." + f.Name.Name
}

// callOf is a call of f by another name with what f was called with, "" where that has no name.
func callOf(f *ast.FuncDecl, name string) string {
	var args []string
	for _, field := range f.Type.Params.List {
		if len(field.Names) == 0 {
			return ""
		}
		for _, n := range field.Names {
			if n.Name == "_" {
				return ""
			}
			if _, variadic := field.Type.(*ast.Ellipsis); variadic {
				n = &ast.Ident{Name: n.Name + "..."}
			}
			args = append(args, n.Name)
		}
	}
	call := name + "(" + strings.Join(args, ", ") + ")"
	switch {
	case f.Type.TypeParams != nil:
		return ""
	case f.Recv == nil:
		return call
	case len(f.Recv.List[0].Names) == 0 || f.Recv.List[0].Names[0].Name == "_":
		return ""
	}
	return f.Recv.List[0].Names[0].Name + "." + call
}

// weave is text with the changed functions beside their originals.
func weave(text string, changes []change) (string, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	for _, d := range slices.Backward(file.Decls) {
		f, is := d.(*ast.FuncDecl)
		if !is {
			continue
		}
		at := set.Position(f.Body.Lbrace).Offset + 1
		for _, c := range changes {
			if c.name == nameOf(f) {
				text = text[:at] + "\n" + turn(f, c) + text[at:]
			}
		}
	}
	for _, c := range changes {
		text += "\n" + c.changed + "\n"
	}
	return text, nil
}

// turn has the changed function in place of f where its mutant is asked for.
func turn(f *ast.FuncDecl, c change) string {
	call := callOf(f, changedName(f.Name.Name, c.mutant))
	if f.Type.Results == nil {
		return fmt.Sprintf("if %s == %d {\n%s\nreturn\n}\n", number, c.mutant, call)
	}
	return fmt.Sprintf("if %s == %d {\nreturn %s\n}\n", number, c.mutant, call)
}

// numbered is where the variable of a package with that file is, and the file's text.
func numbered(file, text string) (at, declared string, err error) {
	f, err := parser.ParseFile(token.NewFileSet(), "", text, parser.PackageClauseOnly)
	if err != nil {
		return "", "", err
	}
	return path.Join(path.Dir(file), numberFile), fmt.Sprintf(numberText, f.Name.Name), nil
}
