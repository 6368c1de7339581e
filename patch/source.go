package patch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
)

// source is a Go file and what shall be another text in it.
type source struct {
	name  string
	text  []byte
	fset  *token.FileSet
	tree  *ast.File
	edits []edit
	more  string // declarations behind it
}

// edit replaces the bytes from one offset to another.
type edit struct {
	from, to int
	text     string
}

func parse(name string, text []byte) (*source, error) {
	s := &source{name: name, text: text, fset: token.NewFileSet()}
	var err error
	if s.tree, err = parser.ParseFile(s.fset, name, text, parser.SkipObjectResolution); err != nil {
		return nil, fmt.Errorf("read source: %w", err)
	}
	return s, nil
}

func (s *source) replace(node ast.Node, text string) {
	s.edits = append(s.edits, edit{s.offset(node.Pos()), s.offset(node.End()), text})
}

func (s *source) insert(at token.Pos, text string) {
	s.edits = append(s.edits, edit{s.offset(at), s.offset(at), text})
}

// offset does not follow line directives.
func (s *source) offset(p token.Pos) int { return s.fset.Position(p).Offset }

// code is the text of a node.
func (s *source) code(node ast.Node) string {
	return string(s.text[s.offset(node.Pos()):s.offset(node.End())])
}

// function finds a function that is no method, nil when there is none.
func (s *source) function(name string) *ast.FuncDecl {
	for _, d := range s.tree.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == name && f.Body != nil {
			return f
		}
	}
	return nil
}

// declared finds the function or method with a declaration, nil when there is none.
func (s *source) declared(head string) *ast.FuncDecl {
	for _, d := range s.tree.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil && s.head(f) == head {
			return f
		}
	}
	return nil
}

// calls finds the calls of a function of another package, such as os.Open.
func (s *source) calls(within ast.Node, function string) (found []*ast.CallExpr) {
	ast.Inspect(within, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && s.code(c.Fun) == function {
			found = append(found, c)
		}
		return true
	})
	return found
}

// statements finds assignments and calls of a text.
func (s *source) statements(within ast.Node, text string) (found []ast.Node) {
	ast.Inspect(within, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.AssignStmt, *ast.ExprStmt:
			if s.code(n) == text {
				found = append(found, n)
			}
		}
		return true
	})
	return found
}

// patched is the text with its edits, which the compiler takes for the file itself.
func (s *source) patched() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "//line %s:1\n", s.name)
	slices.SortFunc(s.edits, func(a, b edit) int { return a.from - b.from })
	at := 0
	for _, e := range s.edits {
		out.Write(s.text[at:e.from])
		out.WriteString(e.text)
		at = e.to
	}
	out.Write(s.text[at:])
	out.WriteString(s.more)
	return out.Bytes()
}
