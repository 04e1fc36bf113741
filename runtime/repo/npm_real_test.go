//go:build real

package repo

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// oracle answers with npm's own code: what its ini reads of texts and what variables become, and which type its
// npm-package-arg gives to what is asked for.
const oracle = `
const at = process.argv[1] + '/node_modules/'
const ini = require(at + 'ini'), expand = require(at + '@npmcli/config/lib/env-replace.js'), npa = require(at + 'npm-package-arg')
const env = { HOME: '/home/u', TOKEN: 't0ken' }
const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const answers = { read: [], types: [] }
for (const text of asked.texts ?? []) {
  const settings = {}
  for (const [key, value] of Object.entries(ini.parse(text)))
    if (typeof value === 'string') settings[expand(key.trim(), env)] = expand(value.trim(), env)
    else if (Array.isArray(value)) settings[expand(key.trim(), env)] = value.filter((v) => v !== null).map((v) => expand(String(v).trim(), env)).join('|')
    else if (typeof value !== 'object') settings[expand(key.trim(), env)] = String(value)
  answers.read.push(settings)
}
for (const spec of asked.specs ?? []) {
  try {
    const found = npa.resolve('x', spec)
    answers.types.push(found.type === 'alias' ? 'alias ' + found.subSpec.type : found.type)
  } catch (err) { answers.types.push('error') }
}
console.log(JSON.stringify(answers))
`

type oracleAnswers struct {
	Read  []map[string]string `json:"read"`
	Types []string            `json:"types"`
}

func askNpm(t *testing.T, texts, specs []string) oracleAnswers {
	t.Helper()
	for _, tool := range []string{"npm", "node"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is not installed", tool)
			}
			t.Skipf("%s is not installed", tool)
		}
	}
	root, err := exec.CommandContext(t.Context(), "npm", "root", "-g").Output()
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(strings.TrimSpace(string(root)), "npm")
	if _, err := os.Stat(home); err != nil { // Debian's package keeps them beside
		home = "/usr/share/nodejs/npm"
	}
	asked, err := json.Marshal(map[string][]string{"texts": texts, "specs": specs})
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "node", "-e", oracle, home)
	c.Stdin, c.Stderr = strings.NewReader(string(asked)), os.Stderr
	out, err := c.Output()
	var answers oracleAnswers
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatalf("node: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

// pieces are what texts of the format are made of at random.
var pieces = strings.Split("registry @co:registry cache proxy git = = : ; # \\ \" ' [ ] ca[] \r \n \n \r\n \t https://a.example/ ${TOKEN} ${NONE?} ${ x \u2028 \u00a0 \ufeff \\; true null __proto__ //a.example/:_authToken", " ")

func randomTexts(random *rand.Rand, n int) []string {
	texts := append([]string(nil), npmrcSeeds...)
	for range n {
		var b strings.Builder
		for range 1 + random.IntN(14) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		texts = append(texts, b.String())
	}
	return texts
}

// What is taken from a user's file is what npm takes; and of the file that is written npm reads what was meant.
func TestRealNpmReadsTheSameConfiguration(t *testing.T) {
	texts := randomTexts(rand.New(rand.NewPCG(1, 2)), 20000)
	env := map[string]string{"HOME": "/home/u", "TOKEN": "t0ken"}
	var written []string
	var rcs []npmrc
	for _, text := range texts {
		rc := npmrc{values: map[string][]string{}, public: "https://registry.example.org/"}
		if rc.add(parseRC(text), env) == nil && rc.settle() == nil {
			written, rcs = append(written, rc.text()), append(rcs, rc)
		}
	}
	answers := askNpm(t, append(append([]string(nil), texts...), written...), nil)
	wrong := 0
	for i, text := range texts {
		rc := npmrc{values: map[string][]string{}, public: "https://registry.example.org/"}
		if rc.add(parseRC(text), env) != nil {
			continue
		}
		for key, values := range rc.values {
			if got, want := strings.Join(values, "|"), answers.Read[i][key]; got != want && !strings.HasPrefix(want, "~/") && wrong < 10 {
				wrong++
				t.Errorf("of %q %s is read as %q, npm reads %q", text, key, got, want)
			}
		}
	}
	for i, rc := range rcs {
		read := answers.Read[len(texts)+i]
		for key, values := range rc.values {
			if got := read[key]; got != strings.Join(values, "|") && wrong < 10 {
				wrong++
				t.Errorf("of %q npm reads %s as %q, want %q", written[i], key, got, values)
			}
		}
		if len(read) != len(rc.values) && wrong < 10 {
			wrong++
			t.Errorf("of %q npm reads %v", written[i], read)
		}
	}
	t.Logf("%d texts, %d written", len(texts), len(written))
}

// What is let through as a range or a tag asks npm for a package of a registry, never for git, a file, a folder or an address.
func TestRealNpmTakesPlainSpecsFromARegistry(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	parts := strings.Split("1 ^ ~ 1.2.3 x * || - . .. .tgz .tar.gz .TAR / : @ npm: git+ssh: file: ~/ y @a/y latest v > = < + \t  \n # ? % C: \\ github: link: workspace: 0 -beta", " ")
	seen := map[string]bool{}
	for range 50000 {
		var b strings.Builder
		for range 1 + random.IntN(6) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		if plainSpec(b.String()) {
			seen[b.String()] = true
		}
	}
	var specs []string
	for spec := range seen {
		specs = append(specs, spec)
	}
	for i, kind := range askNpm(t, nil, specs).Types {
		switch kind {
		case "range", "version", "tag", "alias range", "alias version", "alias tag", "error":
		default:
			t.Errorf("npm takes %q for %s", specs[i], kind)
		}
	}
	t.Logf("%d specs", len(specs))
}
