package monitor

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// kind is one kind of source: how it is written, and how it is opened.
type kind struct {
	name  string
	form  string                                // as help shows it: "pid=N"
	check func(kind, value string) (why string) // what is wrong with a value; nil: it takes none
	open  func(ctx context.Context, value string, target Target) ([]Source, error)
}

// kinds are all that --monitor takes, beside none.
func kinds() []kind {
	return []kind{
		{"auto", "auto", nil, func(ctx context.Context, _ string, t Target) ([]Source, error) { return openAuto(ctx, t) }},
		{"host", "host", nil, func(context.Context, string, Target) ([]Source, error) { return []Source{Host()}, nil }},
		{"pid", "pid=N", aNumber, func(ctx context.Context, v string, _ Target) ([]Source, error) {
			return ofProcess(ctx, Spec{"pid", v}, func() (*process, error) { return byPid(tree{}, v) })
		}},
		{"name", "name=NAME", aName, func(ctx context.Context, v string, _ Target) ([]Source, error) {
			return ofProcess(ctx, Spec{"name", v}, func() (*process, error) { return byName(tree{}, v) })
		}},
		{"port", "port=N", aNumber, func(ctx context.Context, v string, _ Target) ([]Source, error) {
			return ofProcess(ctx, Spec{"port", v}, func() (*process, error) {
				port, _ := strconv.Atoi(v) // aNumber has looked at it
				return byPort(port)
			})
		}},
		{"container", "container=NAME", aName, func(ctx context.Context, v string, t Target) ([]Source, error) { return one(openContainer(ctx, v, t)) }},
		{"glances", "glances=URL", anAddress, func(_ context.Context, v string, _ Target) ([]Source, error) { return one(newGlances(v)) }},
		{"prometheus", "prometheus=URL#METRIC", anAddress, func(_ context.Context, v string, _ Target) ([]Source, error) { return one(newPrometheus(v)) }},
		{"expvar", "expvar=URL", anAddress, func(_ context.Context, v string, _ Target) ([]Source, error) { return one(newExpvar(v)) }},
		{"jvm", "jvm=PID", aNumber, func(_ context.Context, v string, _ Target) ([]Source, error) { return one(openJVM(v)) }},
	}
}

// Forms lists how sources are written, for help: "auto, host, pid=N, …".
func Forms() string {
	var forms []string
	for _, k := range kinds() {
		forms = append(forms, k.form)
	}
	return strings.Join(forms, ", ")
}

func aNumber(kind, value string) string {
	if n, err := strconv.ParseUint(value, 10, 31); err != nil || n == 0 || (kind == "port" && n > 65535) {
		return "expected a number, as in " + kind + "=8080"
	}
	return ""
}

func aName(kind, value string) string {
	if value == "" {
		return "expected a name, as in " + kind + "=kinto"
	}
	return ""
}

func anAddress(kind, value string) string {
	u, err := url.Parse(value)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return "expected an address, as in " + kind + "=http://10.0.0.7:61208"
	case kind == "prometheus" && u.Fragment == "":
		return "name the metrics after #, as in prometheus=http://10.0.0.7:9100/metrics#go_goroutines+process_open_fds"
	}
	return ""
}

// ofProcess opens a process by /proc, or where there is none as well as the system allows.
func ofProcess(ctx context.Context, s Spec, find func() (*process, error)) ([]Source, error) {
	if !linux() {
		return one(openPortable(ctx, s))
	}
	return one(asSource(find()))
}

func asSource(p *process, err error) (Source, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}

func one(s Source, err error) ([]Source, error) {
	if err != nil {
		return nil, err
	}
	return []Source{s}, nil
}
