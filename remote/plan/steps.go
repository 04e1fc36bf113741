package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/script"
)

// Base is where machines keep what a run needs there.
const Base = "/var/lib/plimsoll"

// Folder is a run's own on a machine.
func (p *Plan) Folder() string { return Base + "/" + p.Run }

// Ready waits until docker answers, and makes the run's folder on the machine.
func (p *Plan) Ready() script.Step {
	return script.Step{Name: "ready", Title: "wait for docker", Limit: 3 * time.Minute, Vars: map[string]string{"folder": p.Folder(), "tries": "60"}}
}

// Service starts the container of the service.
func (p *Plan) Service() script.Step {
	o := &p.Options
	args := []string{
		"-d", "--name", ContainerName, "--label", "plimsoll=1", "--label", "plimsoll.run=" + p.Run,
		"--restart=no", "--log-opt", "max-size=50m", "-p", fmt.Sprintf("%d:%d", o.Port, o.Port),
	}
	for _, pair := range o.Env {
		args = append(args, "-e", pair)
	}
	for _, pair := range o.Parameters {
		args = append(args, "-e", firstWord(pair)) // its value comes from the script's environment
	}
	args = append(append(append(args, o.DockerArgs...), o.Image), o.Args...)
	return script.Step{
		Name: "service", Title: "start " + o.Image, Limit: o.StepTimeout, Args: args, Head: p.Dialect.ReadParameter,
		Vars: map[string]string{"folder": p.Folder(), "name": ContainerName, "image": o.Image, "parameters": strings.Join(o.Parameters, "\n")},
	}
}

// ServiceState tells how the service's container is, and the end of its log.
func (p *Plan) ServiceState() script.Step {
	return script.Step{Name: "service-state", Title: "look at the service", Vars: map[string]string{"name": ContainerName}}
}

// watched are the variables of both ways to watch; the file is bounded by the life of the machine.
func (p *Plan) watched() map[string]string {
	return map[string]string{
		"folder": p.Folder(), "service": ContainerName, "interval": "1", "count": fmt.Sprint(int(p.Life.Seconds())),
	}
}

// The files of Glances, and of one that was started again.
const (
	WatcherFile  = "glances.csv"
	WatcherAgain = "glances-2.csv"
)

// Glances starts Glances, which writes into this file of the run's folder.
func (p *Plan) Glances(csv string) script.Step {
	vars := p.watched()
	vars["name"], vars["image"], vars["run"], vars["port"], vars["csv"] = WatcherName, p.Options.GlancesImage, p.Run, fmt.Sprint(GlancesPort), csv
	return script.Step{Name: "glances", Title: "start Glances", Limit: p.Options.StepTimeout, Vars: vars}
}

// GlancesState tells whether Glances still watches.
func (p *Plan) GlancesState() script.Step {
	return script.Step{Name: "glances-state", Title: "look at Glances", Vars: map[string]string{"folder": p.Folder(), "name": WatcherName}}
}

// Sampler starts the smaller sampler, where Glances cannot run.
func (p *Plan) Sampler() script.Step {
	return script.Step{Name: "sampler", Title: "start the sampler", Vars: p.watched()}
}

// Collect ends the watching, packs what is worth keeping, and lists it.
func (p *Plan) Collect() script.Step {
	return script.Step{
		Name: "collect", Title: "gather the files", Limit: 2 * time.Minute,
		Vars: map[string]string{"folder": p.Folder(), "service": ContainerName, "glances": WatcherName},
	}
}

// ClockStep reads a machine's clock.
func ClockStep() script.Step { return script.Step{Name: "clock", Title: "read the clock"} }

// Clean removes what this run has on a machine.
func (p *Plan) Clean() script.Step { return CleanStep(p.Run) }

// CleanStep removes what a run has on a machine, by its name alone.
func CleanStep(run string) script.Step {
	return script.Step{Name: "clean", Title: "remove the containers", Vars: map[string]string{"run": run, "folder": Base + "/" + run}}
}

// Renew puts a machine's own end off, by the plan's life from now.
func (p *Plan) Renew() script.Step {
	return script.Step{Name: "renew", Title: "renew the lease", Vars: map[string]string{"folder": Base, "minutes": fmt.Sprint(script.Minutes(p.Life))}}
}
