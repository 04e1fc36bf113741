package chart

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What go-chart writes into SVG that is to be written otherwise.
var (
	styleAttribute = regexp.MustCompile(` style="([^"]*)"`)
	emptyPath      = regexp.MustCompile(`<path [^>]*d="" [^>]*/>`)
	lineTo         = regexp.MustCompile(`\nL `)
	rgba           = regexp.MustCompile(`^rgba\((\d+),(\d+),(\d+),([\d.]+)\)$`)
	openingTag     = regexp.MustCompile(`^<svg [^>]*viewBox="([^"]*)">`)
)

// attributes turns style="…" into presentation attributes, which policies
// against styles leave alone, and names the palette's colours by classes, which
// a page may restyle for a dark screen. A bare picture takes the size of its place.
func attributes(svg []byte, bare bool) []byte {
	svg = emptyPath.ReplaceAll(svg, nil)
	svg = lineTo.ReplaceAll(svg, []byte(" "))
	svg = styleAttribute.ReplaceAllFunc(svg, func(style []byte) []byte {
		return []byte(presentation(string(styleAttribute.FindSubmatch(style)[1])))
	})
	svg = bytes.ReplaceAll(svg, []byte("<path  "), []byte("<path "))
	m := openingTag.FindSubmatch(svg)
	if m == nil {
		return svg
	}
	size := strings.Fields(string(m[1]))
	tag := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="%s" font-family="Inter, system-ui, sans-serif"`, m[1])
	if !bare && len(size) == 4 {
		tag += fmt.Sprintf(` width="%s" height="%s"`, size[2], size[3])
	}
	return append([]byte(tag+` stroke-linejoin="round">`), svg[len(m[0]):]...)
}

// presentation is a style attribute of go-chart's as attributes.
func presentation(style string) string {
	var classes []string
	var out strings.Builder
	for declaration := range strings.SplitSeq(style, ";") {
		name, value, _ := strings.Cut(declaration, ":")
		switch name {
		case "stroke-width":
			if value == "0" || value == "1" {
				continue // 1 is what a path has anyway; a stroke of none has no width
			}
			fmt.Fprintf(&out, ` stroke-width="%s"`, value)
		case "font-size":
			fmt.Fprintf(&out, ` font-size="%s"`, strings.TrimSuffix(value, "px"))
		case "stroke", "fill":
			hex, named := hexColor(value)
			if name == "stroke" && hex == "none" {
				continue
			}
			fmt.Fprintf(&out, ` %s="%s"`, name, hex)
			if named != "" {
				classes = append(classes, named+"-"+name[:1])
			}
		}
	}
	if len(classes) > 0 {
		return ` class="` + strings.Join(classes, " ") + `"` + out.String()
	}
	return out.String()
}

// hexColor is a colour of go-chart's and the class of the palette that it belongs to.
func hexColor(value string) (hex, class string) {
	m := rgba.FindStringSubmatch(value)
	if m == nil || m[4] == "0.0" {
		return "none", ""
	}
	var b [3]int
	for i := range b {
		b[i], _ = strconv.Atoi(m[i+1]) // \d+: it parses, or is too large to be a colour
	}
	hex = fmt.Sprintf("#%02x%02x%02x", b[0], b[1], b[2])
	if i := slices.Index(Palette(), hex); i >= 0 {
		return hex, "c" + strconv.Itoa(i)
	}
	return hex, map[string]string{ink: "ink", soft: "soft", rule: "rule", calm: "calm", alarm: "alarm", red: "red"}[hex]
}
