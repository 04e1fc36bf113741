package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"strconv"
	"time"
)

// workload is what all tools of a table do.
type workload struct {
	name, title string
	url         string
	connections int
	tools       []string // in the order of the table; the first of the peers is what ratios are taken against
	base        string   // the tool that ratios are taken against
	count       counter  // what is divided by
	post        bool     // a body of 1 KB
	perVU       bool     // memory of each virtual user is worth a column
}

// counter says what is counted, and by whom.
type counter int

const (
	byServer     counter = iota // requests, by nginx
	byTool                      // requests, by the tool itself
	byIterations                // iterations, by the tool itself
)

// scripted are the tools that run the same script; all is everybody.
var (
	scripted = []string{"plimsoll", "k6"}
	all      = []string{"plimsoll", "bombardier", "wrk", "vegeta", "k6"}
)

func workloads(s *server) []workload {
	get := func(n int) workload {
		return workload{
			name: fmt.Sprintf("get-%d", n), title: fmt.Sprintf("GET and a check of the status, %d connections", n),
			url: s.plain + "/", connections: n, tools: all, base: "bombardier", perVU: n > 1,
		}
	}
	tls := get(64)
	tls.name, tls.title, tls.url = "tls", "the same over TLS, 64 connections", s.tls+"/"
	tls.perVU = false
	return []workload{
		get(64), get(1), get(2000),
		{name: "post", title: "POST of 1 KB and a check, 64 connections", url: s.plain + "/", connections: 64, tools: all, base: "bombardier", post: true},
		tls,
		{name: "json", title: "GET of a JSON body, two of its fields checked, 64 connections", url: s.plain + "/json", connections: 64, tools: []string{"plimsoll", "bombardier", "k6"}, base: "bombardier"},
		{name: "tags", title: "ten named endpoints, each with a tag of its own, 64 virtual users", url: s.plain + "/", connections: 64, tools: scripted, base: "k6"},
		{name: "batch", title: "four requests at once, 16 virtual users", url: s.plain + "/", connections: 16, tools: scripted, base: "k6"},
		{name: "kinto", title: "the Kinto example on the built-in target, 16 virtual users", connections: 16, tools: []string{"plimsoll"}, base: "plimsoll", count: byTool},
		{name: "empty", title: "an iteration that does nothing, 2 virtual users", connections: 2, tools: scripted, base: "k6", count: byIterations},
	}
}

// scripts run in plimsoll and in k6, unchanged.
var scripts = map[string]string{
	"get": `import http from 'k6/http'
import { check } from 'k6'

export const options = { insecureSkipTLSVerify: true }

export default function () {
  check(http.get(__ENV.SERVER_URL), { 'status is 200': (r) => r.status === 200 })
}
`,
	"post": `import http from 'k6/http'
import { check } from 'k6'

const body = 'x'.repeat(1024)

export default function () {
  check(http.post(__ENV.SERVER_URL, body), { 'status is 200': (r) => r.status === 200 })
}
`,
	"json": `import http from 'k6/http'
import { check } from 'k6'

export default function () {
  const res = http.get(__ENV.SERVER_URL)
  const body = res.json()
  check(res, { id: () => body.id === 17, owner: () => body.owner.name === 'an owner' })
}
`,
	"tags": `import http from 'k6/http'

let i = 0

export default function () {
  const n = i++ % 10
  http.get(__ENV.SERVER_URL, { tags: { name: 'endpoint ' + n, shelf: 'shelf ' + n } })
}
`,
	"batch": `import http from 'k6/http'

export default function () {
  const url = __ENV.SERVER_URL
  http.batch([url, url, url, url])
}
`,
	"empty": `export default function () {}
`,
}

// postScript makes wrk send what the others do.
const postScript = `wrk.method = "POST"
wrk.body = string.rep("x", 1024)
`

func writeScripts(work string) error {
	for name, text := range scripts {
		if err := os.WriteFile(filepath.Join(work, name+".js"), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(work, "body"), bytes.Repeat([]byte("x"), 1024), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(work, "post.lua"), []byte(postScript), 0o600)
}

// script is the file that a scripted tool runs.
func (w workload) script(work string) string {
	name := w.name
	switch {
	case w.name == "kinto":
		return "../../examples/kinto/loadtest.js"
	case scripts[name] == "":
		name = "get" // of several numbers of connections, and over TLS
	}
	return filepath.Join(work, name+".js")
}

// arguments are a tool's command line, without its program.
func (w workload) arguments(tool, work string, length time.Duration) []string {
	n, seconds := strconv.Itoa(w.connections), strconv.Itoa(int(length.Seconds()))+"s"
	switch tool {
	case "plimsoll":
		return []string{"run", w.script(work), "--vus", n, "--duration", seconds, "--insecure", "--json", "--monitor", "none", "-q", "-e", "SERVER_URL=" + w.url}
	case "k6":
		return []string{"run", "--quiet", "--no-usage-report", "-e", "SERVER_URL=" + w.url, "--vus", n, "--duration", seconds, w.script(work)}
	case "bombardier":
		args := []string{"-c", n, "-d", seconds, "-l", "-p", "r", "--insecure", w.url}
		if w.post {
			args = append([]string{"-m", "POST", "-f", filepath.Join(work, "body")}, args...)
		}
		return args
	case "wrk":
		args := []string{"-t", "1", "-c", n, "-d", seconds, w.url}
		if w.post {
			args = append([]string{"-s", filepath.Join(work, "post.lua")}, args...)
		}
		return args
	case "vegeta":
		args := []string{
			"attack", "-rate", "0", "-max-workers", n, "-workers", n, "-connections", n, "-duration", seconds, "-insecure",
			"-targets", filepath.Join(work, "targets-"+w.name), "-output", os.DevNull,
		}
		return args
	}
	return nil
}

// writeTargets writes the file that vegeta reads what to send from.
func (w workload) writeTargets(work string) error {
	text := "GET " + w.url + "\n"
	if w.post {
		text = "POST " + w.url + "\n@" + filepath.Join(work, "body") + "\n"
	}
	return os.WriteFile(filepath.Join(work, "targets-"+w.name), []byte(text), 0o600)
}
