package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/html"
	"github.com/plimsoll-load/plimsoll/report/markdown"
	"github.com/plimsoll-load/plimsoll/report/text"
)

// output is how a result is shown: on stdout as text, JSON or Markdown, and in
// files, for which any number of formats may be asked at once.
type output struct {
	json, full, markdown bool
	handled              bool // the script's handleSummary has said what is printed
	force                bool // take the place of foreign files
	html, png, svg       string
	summaries            cli.Summaries
}

func (o *output) flags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&o.json, "json", false, "print the result as one JSON object")
	f.BoolVar(&o.full, "full", false, "print every row of the summary's tables, and examples of what failed")
	f.BoolVar(&o.markdown, "md", false, "print the result as Markdown, for a comment")
	f.Var(cli.Text(&o.html, "file"), "html", "write the page of the run, one file that works offline")
	f.BoolVar(&o.force, "force", false, "let outputs take the place of files that are not plimsoll's")
	cli.MarkRare(f, "force")
	f.Var(&o.summaries, "summary", "write md, json or junit (several with commas) to a file; md alone adds to GitHub's step summary")
}

// effects refuses flags that change nothing beside others.
func (o *output) effects(c *cobra.Command) error {
	return errors.Join(cli.Apart(c.Flags(), c.Name(), "json", "full", "md"), cli.Apart(c.Flags(), c.Name(), "md", "full"))
}

func (o *output) pictureFlags(c *cobra.Command) {
	f := c.Flags()
	f.Var(cli.Text(&o.png, "file"), "png", "write one picture of the run")
	f.Var(cli.Text(&o.svg, "file"), "svg", "write one picture of the run, as drawing")
}

// write shows a run in all the ways that were asked for, also where one of them fails.
func (o *output) write(p process, run *report.Run) error {
	failed := o.print(p, run)
	for _, f := range []struct {
		path  string
		write func(io.Writer) error
	}{
		{o.html, func(w io.Writer) error { return html.Write(w, run, html.Options{}) }},
		{o.png, func(w io.Writer) error { return writePNG(w, run) }},
		{o.svg, func(w io.Writer) error { return report.SVG(w, run) }},
	} {
		failed = errors.Join(failed, writeFile(f.path, f.write))
	}
	return errors.Join(failed, o.summarize(p, run))
}

// print shows a run on stdout.
func (o *output) print(p process, run *report.Run) error {
	switch {
	case o.json:
		text, err := report.JSON(run)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "%s\n", text)
		return err
	case o.markdown:
		return markdown.Write(p.stdout, run)
	case o.handled:
		return nil
	}
	return text.Write(p.stdout, run, p.textOptions(o.full))
}

func (p process) textOptions(full bool) text.Options {
	terminal := cli.TerminalOf(p.stdout, p.env)
	return text.Options{Width: terminal.Columns, Color: terminal.Codes, Full: full}
}

// writeFile writes a file through write; no path, no file.
func writeFile(path string, write func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return cli.Usage("name a file that can be written", "%w", err)
	}
	err = write(f)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
