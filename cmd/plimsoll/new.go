package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/examples"
	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/all"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

const newLong = `Writes a scenario repository into a folder: a script to change, the named tests
in plimsoll.json, types for the editor, and a workflow that sizes the service
on each pull request. Files that are there are never overwritten.

  plimsoll new loadtests
  plimsoll new loadtests --template typescript`

// scaffold is what a scenario repository starts as.
type scaffold struct {
	Title, Script, Config string
	URL, Image            string // of the service that its script knows
	Port                  int

	script string // text of the script
}

//go:embed templates
var templates embed.FS

// scaffoldNames are the values of --template.
func scaffoldNames() []string { return []string{"rest", "kinto", "typescript"} }

func newNew(p process) *cobra.Command {
	name := scaffoldNames()[0]
	c := &cobra.Command{
		Use: "new [DIR]", Short: "start a repository of load tests", Long: newLong, GroupID: "tools",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return cli.Usage("usage: "+c.UseLine(), "new: want one folder, got %d arguments", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return scaffoldInto(p, dir, name)
		},
	}
	c.Flags().StringVar(&name, "template", name, "what to start from: "+strings.Join(scaffoldNames(), ", "))
	return c
}

// scaffoldInto writes a template's files into a folder, or none.
func scaffoldInto(p process, dir, name string) error {
	s, err := newScaffold(name)
	if err != nil {
		return err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return cli.Usage("", "new: %w", err)
	}
	s.Title = filepath.Base(abs)
	files, err := s.files()
	if err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name))); err == nil {
			return cli.Usage("nothing was written; name a folder without it: plimsoll new DIR", "new: %s is there already", filepath.Join(dir, name))
		}
	}
	for _, name := range names {
		if err := writeNew(filepath.Join(dir, filepath.FromSlash(name)), files[name]); err != nil {
			return cli.Usage("name a folder that can be written to: plimsoll new DIR", "new: %w", err)
		}
		fmt.Fprintln(p.stdout, filepath.Join(dir, filepath.FromSlash(name)))
	}
	enter := ""
	if dir != "." {
		enter = "cd " + dir + " && "
	}
	fmt.Fprintf(p.stderr, "\nNext: %splimsoll run smoke --demo; README.md has the rest.\n", enter)
	return nil
}

func newScaffold(name string) (scaffold, error) {
	s := scaffold{
		Script: "loadtest.js", Config: "jsconfig.json",
		URL: "http://127.0.0.1:8888/v1", Image: "kinto/kinto-server:latest", Port: 8888,
	}
	from := "templates/rest/loadtest.js"
	switch name {
	case "rest":
	case "typescript":
		s.Script, s.Config, from = "loadtest.ts", "tsconfig.json", "templates/typescript/loadtest.ts"
	case "kinto":
		s.script = strings.ReplaceAll(examples.Kinto, "examples/kinto/loadtest.js", s.Script)
		return s, nil
	default:
		return s, cli.Usage(plan.Suggest(name, scaffoldNames()), "new: there is no template %q", name)
	}
	text, err := s.render(from)
	s.script = string(text)
	return s, err
}

// files are the contents of a scaffold by their paths.
func (s scaffold) files() (map[string][]byte, error) {
	files := map[string][]byte{s.Script: []byte(s.script), "plimsoll.d.ts": []byte(jsapi.DTS(all.Modules()))}
	for name, from := range map[string]string{
		"README.md": "README.md", "plimsoll.json": "plimsoll.json", s.Config: s.Config,
		".gitignore": "gitignore", ".github/workflows/plimsoll.yml": "github/plimsoll.yml",
	} {
		text, err := s.render("templates/common/" + from)
		if err != nil {
			return nil, err
		}
		files[name] = text
	}
	return files, nil
}

// render fills a template in. Its marks are << and >>: a workflow's own are {{ and }}.
func (s scaffold) render(file string) ([]byte, error) {
	text, err := templates.ReadFile(file)
	if err != nil {
		return nil, err
	}
	t, err := template.New(file).Delims("<<", ">>").Parse(string(text))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, s)
	return b.Bytes(), err
}

// writeNew writes a file that is not there yet.
func writeNew(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
