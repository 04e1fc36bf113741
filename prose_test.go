package plimsoll_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// words are fields that hold a word of record's vocabulary: compared by constant, never by literal.
var words = map[string]bool{
	"Verdict": true, "Binding": true, "Phase": true, "Cause": true, "Control": true, "Mode": true, "State": true, "AboveLimit": true,
}

// prose are fields that people read: no logic depends on their text.
var prose = map[string]bool{
	"Note": true, "Notes": true, "Message": true, "Reason": true, "Detail": true, "Why": true, "Text": true, "Sentence": true, "RunnerUp": true,
}

// proseRead are the files that may look into prose, and why.
var proseRead = map[string]string{
	"runtime/script/bundle.go": "the bundler tells only in words what it could not do",
	"remote/preemption.go":     "the cloud tells only in words that it took a machine back",
}

// TestNoLogicReadsProse sees comparisons and searches of such fields by name;
// a field that goes through a variable first escapes it.
func TestNoLogicReadsProse(t *testing.T) {
	t.Parallel()
	eachFile(t, parser.SkipObjectResolution, func(file string, set *token.FileSet, f *ast.File) {
		if strings.HasSuffix(file, "_test.go") || proseRead[file] != "" || strings.HasPrefix(file, "remote/fakeaws/") { // the last speaks another's wire
			return
		}
		bad := func(n ast.Node, field string) {
			t.Errorf("%s: logic depends on the text of %s: use a constant of runtime/record, or a typed field", set.Position(n.Pos()), field)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				if n.Op == token.EQL || n.Op == token.NEQ {
					for field, other := range map[string]ast.Expr{fieldOf(n.X): n.Y, fieldOf(n.Y): n.X} {
						if (words[field] || prose[field]) && isText(other) {
							bad(n, field)
						}
					}
				}
			case *ast.SwitchStmt:
				if field := fieldOf(n.Tag); (words[field] || prose[field]) && hasTextCase(n) {
					bad(n, field)
				}
			case *ast.CallExpr:
				if field := searched(n); prose[field] {
					bad(n, field)
				}
			}
			return true
		})
	})
}

// fieldOf is the name of the field that an expression selects; "" when it selects none.
func fieldOf(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		return s.Sel.Name
	}
	return ""
}

// isText says whether an expression is a literal text that is not empty.
func isText(e ast.Expr) bool {
	l, ok := e.(*ast.BasicLit)
	return ok && l.Kind == token.STRING && l.Value != `""`
}

func hasTextCase(s *ast.SwitchStmt) bool {
	for _, c := range s.Body.List {
		for _, e := range c.(*ast.CaseClause).List {
			if isText(e) {
				return true
			}
		}
	}
	return false
}

// searches are the functions of strings that look for something; what only rewrites a text for people is none.
var searches = map[string]bool{"Contains": true, "ContainsAny": true, "HasPrefix": true, "HasSuffix": true, "Index": true, "EqualFold": true, "Cut": true, "CutPrefix": true, "Split": true}

// searched is the field whose text a call of package strings looks into; "" when there is none.
func searched(call *ast.CallExpr) string {
	s, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 || !searches[s.Sel.Name] {
		return ""
	}
	if of, ok := s.X.(*ast.Ident); !ok || of.Name != "strings" {
		return ""
	}
	return fieldOf(call.Args[0])
}

// exponent is a verb of fmt that writes 12,340 as 1.234e+04.
var exponent = regexp.MustCompile(`(^|[^%])(%%)*%[-+ #0]*[0-9]*(\.[0-9]+)?[gGeE]`)

// exponentsWritten are the files that may use such a verb, and why.
var exponentsWritten = map[string]string{
	"cmd/plimsoll/doctor.go": "a number of cores, as it was configured",
}

// TestNumbersForPeopleHaveNoExponents: runtime/units writes them.
func TestNumbersForPeopleHaveNoExponents(t *testing.T) {
	t.Parallel()
	eachFile(t, parser.SkipObjectResolution, func(file string, set *token.FileSet, f *ast.File) {
		if strings.HasSuffix(file, "_test.go") || strings.Contains(file, "/testdata/") || strings.HasPrefix(file, "remote/fakeaws/") || exponentsWritten[file] != "" {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING && exponent.MatchString(text.Value) && !strings.Contains(text.Value, "%2") {
				t.Errorf("%s: %s may write an exponent: use runtime/units", set.Position(text.Pos()), text.Value)
			}
			return true
		})
	})
}
