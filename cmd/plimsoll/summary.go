package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/compare"
	"github.com/plimsoll-load/plimsoll/report/junit"
	"github.com/plimsoll-load/plimsoll/report/markdown"
	"github.com/plimsoll-load/plimsoll/runtime/repo"
)

// files are those that a result is written to, but for what is only added to.
func (o *output) files(p process) ([]cli.File, error) {
	files := []cli.File{{Path: o.html, Kind: cli.PageFile}, {Path: o.png, Kind: cli.PNGFile}, {Path: o.svg, Kind: cli.SVGFile}}
	kinds := map[string]cli.Kind{"md": cli.MarkdownFile, "json": cli.JSONFile, "junit": cli.JUnitFile}
	for _, s := range o.summaries {
		path, add, err := s.Place(p.env)
		if err != nil {
			return nil, err
		}
		if !add {
			files = append(files, cli.File{Path: path, Kind: kinds[s.Format]})
		}
	}
	return files, nil
}

// ready says before anything runs that a result could not be written, or would take the place of what is read.
func (o *output) ready(p process, record string, inputs ...string) error {
	files, err := o.files(p)
	if err != nil {
		return err
	}
	for _, f := range files {
		path := f.Path
		if path == "" {
			continue
		}
		if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
			return cli.Usage("make the folder, or name another file", "%s: there is no such folder", filepath.Dir(path))
		}
		if filepath.Base(path) == repo.FileName {
			return cli.Usage("name another file; --summary md,json=result writes result.md and result.json", "%s is the name of a project file", path)
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return cli.Usage("name a file in it", "%s is a folder", path)
		}
	}
	return cli.CheckFiles(append(files, cli.File{Path: record, Kind: cli.RecordFile}), inputs, o.force)
}

// writeSummary writes a summary by the way that its format has.
func writeSummary(p process, s cli.Summary, ways map[string]func(io.Writer) error) error {
	path, add, err := s.Place(p.env)
	if err != nil {
		return err
	}
	if !add {
		return writeFile(path, ways[s.Format])
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return cli.Usage("name a file that can be written", "%w", err)
	}
	return errors.Join(ways[s.Format](f), f.Close())
}

// summarize writes the summaries of a run.
func (o *output) summarize(p process, run *report.Run) error {
	return o.each(p, map[string]func(io.Writer) error{
		"md":    func(w io.Writer) error { return markdown.Write(w, run) },
		"json":  func(w io.Writer) error { return writeText(w)(report.JSON(run)) },
		"junit": func(w io.Writer) error { return junit.Write(w, run) },
	})
}

// summarizeChange writes the summaries of a comparison.
func (o *output) summarizeChange(p process, c *compare.Comparison, beyond float64) error {
	return o.each(p, map[string]func(io.Writer) error{
		"md":    func(w io.Writer) error { return markdown.WriteComparison(w, c, beyond) },
		"json":  func(w io.Writer) error { return writeText(w)(compare.JSON(c, beyond)) },
		"junit": func(w io.Writer) error { return junit.WriteComparison(w, c, beyond) },
	})
}

func (o *output) each(p process, ways map[string]func(io.Writer) error) error {
	var failed error
	for _, s := range o.summaries {
		failed = errors.Join(failed, writeSummary(p, s, ways))
	}
	return failed
}

// writeText writes what was made, unless making it failed.
func writeText(w io.Writer) func([]byte, error) error {
	return func(text []byte, err error) error {
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	}
}
