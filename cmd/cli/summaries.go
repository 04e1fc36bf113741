package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// stepSummary names the file that GitHub shows on a job's page. Each command
// of a step adds to it.
const stepSummary = "GITHUB_STEP_SUMMARY"

// summaryEndings are the formats of --summary, each with the ending of its file.
func summaryEndings() map[string]string {
	return map[string]string{"md": ".md", "json": ".json", "junit": ".xml"}
}

// Summary is one format that a pipeline asked for, and its file.
type Summary struct{ Format, path string } // no path: a job's page, where there is one

// Summaries are the flag --summary: FORMAT[,FORMAT…][=PATH]. One format is
// written to PATH itself, several to PATH with an ending each.
type Summaries []Summary

func (s *Summaries) String() string { return "" }

// Type is what the help calls the value.
func (s *Summaries) Type() string { return "formats[=path]" }

// Set takes the flag's text; it may be given again.
func (s *Summaries) Set(text string) error {
	list, path, named := strings.Cut(text, "=")
	formats := strings.Split(list, ",")
	endings := summaryEndings()
	for _, format := range formats {
		ending, ok := endings[format]
		switch {
		case !ok:
			return fmt.Errorf("%q is no format: %s", format, plan.Suggest(format, slices.Sorted(maps.Keys(endings))))
		case named && path == "":
			return errors.New("name a file behind the =")
		case !named && format != "md":
			return fmt.Errorf("name its file: --summary %s=PATH", list)
		case len(formats) > 1 && named:
			*s = append(*s, Summary{format, path + ending})
		default:
			*s = append(*s, Summary{format, path})
		}
	}
	return nil
}

// Place is the file of a summary, and whether what is there is kept.
func (s Summary) Place(env func(string) string) (path string, add bool, err error) {
	page := env(stepSummary)
	if s.path != "" {
		return s.path, s.path == page, nil
	}
	if page == "" {
		return "", false, Usage("write --summary md=FILE; GitHub sets it for each step", "--summary md: there is no %s to add to", stepSummary)
	}
	return page, true, nil
}
