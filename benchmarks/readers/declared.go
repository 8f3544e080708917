// Functions and methods as Go's own parser sees them: `go run declared.go FOLDER`.
// A line each: path, name, first line, last line, words about it, with tabs between; a line with the path alone for each file read.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	root := os.Args[1]
	filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return nil
		}
		inside, _ := filepath.Rel(root, path)
		fmt.Println(inside)
		for _, one := range file.Decls {
			if function, ok := one.(*ast.FuncDecl); ok {
				first, last := files.PositionFor(function.Pos(), false), files.PositionFor(function.End(), false)
				words := strings.Join(strings.Fields(function.Doc.Text()), " ")
				fmt.Printf("%s\t%s\t%d\t%d\t%s\n", inside, function.Name.Name, first.Line, last.Line, words)
			}
		}
		return nil
	})
}
