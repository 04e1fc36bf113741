package remote

import (
	"fmt"
	"strings"
	"time"
)

// base is where machines keep what a run needs there.
const base = "/var/lib/plimsoll"

// folder is a run's own on a machine.
func (p *Plan) folder() string { return base + "/" + p.Run }

func (p *Plan) ready() step {
	return step{name: "ready", title: "wait for docker", limit: 3 * time.Minute, vars: map[string]string{"folder": p.folder(), "tries": "60"}}
}

// service starts the container of the service.
func (p *Plan) service() step {
	o := &p.Options
	args := []string{
		"-d", "--name", containerName, "--label", "plimsoll=1", "--label", "plimsoll.run=" + p.Run,
		"--restart=no", "--log-opt", "max-size=50m", "-p", fmt.Sprintf("%d:%d", o.Port, o.Port),
	}
	for _, pair := range o.Env {
		args = append(args, "-e", pair)
	}
	for _, pair := range o.Parameters {
		args = append(args, "-e", firstWord(pair)) // its value comes from the script's environment
	}
	args = append(append(append(args, o.DockerArgs...), o.Image), o.Args...)
	return step{
		name: "service", title: "start " + o.Image, limit: o.StepTimeout, args: args, head: p.Dialect.ReadParameter,
		vars: map[string]string{"folder": p.folder(), "name": containerName, "image": o.Image, "parameters": strings.Join(o.Parameters, "\n")},
	}
}

func (p *Plan) serviceState() step {
	return step{name: "service-state", title: "look at the service", vars: map[string]string{"name": containerName}}
}

// watched are the variables of both ways to watch; the file is bounded by the life of the machine.
func (p *Plan) watched() map[string]string {
	return map[string]string{
		"folder": p.folder(), "service": containerName, "interval": "1", "count": fmt.Sprint(int(p.Life.Seconds())),
	}
}

// The files of Glances, and of one that was started again.
const (
	watcherFile  = "glances.csv"
	watcherAgain = "glances-2.csv"
)

func (p *Plan) glances(csv string) step {
	vars := p.watched()
	vars["name"], vars["image"], vars["run"], vars["port"], vars["csv"] = watcherName, p.Options.GlancesImage, p.Run, fmt.Sprint(glancesPort), csv
	return step{name: "glances", title: "start Glances", limit: p.Options.StepTimeout, vars: vars}
}

func (p *Plan) glancesState() step {
	return step{name: "glances-state", title: "look at Glances", vars: map[string]string{"folder": p.folder(), "name": watcherName}}
}

func (p *Plan) sampler() step {
	return step{name: "sampler", title: "start the sampler", vars: p.watched()}
}

func (p *Plan) collect() step {
	return step{
		name: "collect", title: "gather the files", limit: 2 * time.Minute,
		vars: map[string]string{"folder": p.folder(), "service": containerName, "glances": watcherName},
	}
}

func clockStep() step { return step{name: "clock", title: "read the clock"} }

func (p *Plan) clean() step { return cleanStep(p.Run) }

func cleanStep(run string) step {
	return step{name: "clean", title: "remove the containers", vars: map[string]string{"run": run, "folder": base + "/" + run}}
}

func (p *Plan) renew() step {
	return step{name: "renew", title: "renew the lease", vars: map[string]string{"minutes": fmt.Sprint(minutes(p.Life))}}
}
