// Package plimsoll is the module 'plimsoll', with which a script declares its
// scenarios and judges what it gets. 'k6' is the same module.
package plimsoll

import (
	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/metrics"
)

const doc = `Declares what virtual users do, and judges what they get.

A script declares one or more **scenarios**. Each virtual user runs one iteration after the other; for each it draws a
scenario by weight. An iteration **fails** when its function throws or its promise rejects, when a check is false, or
when a request failed; ` + "`options.failOn`" + ` (of ` + "`'exceptions'`, `'checks'`, `'requests'`" + `) chooses among these.

` + "```js" + `
import { scenario, check, sleep } from 'plimsoll'
import http from 'plimsoll/http'

export const options = { vus: 10, duration: '30s' }

scenario('read', { weight: 4 }, () => {
  const res = http.get(__ENV.URL)
  check(res, { 'status is 200': (r) => r.status === 200 })
})

scenario('idle', () => sleep(0.1))
` + "```" + `

k6's way of writing the same works too: ` + "`export default function`, `setup`, `teardown` and `handleSummary`" + `.`

const types = `/** What a scenario's function is given. It is the same object in each iteration of a virtual user. */
export interface Context<D = any> {
  /** The number of the virtual user, from 1. */
  readonly vu: number;
  /** What beforeAll returned. Each virtual user has a copy of its own. */
  readonly data: D;
  /** How many iterations this virtual user ran before, over all scenarios. */
  readonly iteration: number;
}

export interface ScenarioOptions {
  /**
   * How often it runs, relative to the other scenarios' weights; default 1. 0: never. Scenarios are spread evenly, not
   * drawn by chance: any ten iterations of a virtual user are close to their weights. --seed decides which comes first.
   */
  weight?: number;
  /** How long the virtual user waits after each iteration: '100ms', '2s', or milliseconds. It is not part of the iteration. */
  delay?: string | number;
}

/** Parameters of all requests of a virtual user; those of a single request win. */
export interface Defaults {
  headers?: Record<string, string | number | boolean>;
  [parameter: string]: any;
}

export interface Stage {
  duration: string | number;
  target: number;
}

/** Several loads side by side: docs/scenarios.md has all about them. */
export type ScenarioLoad = {
  /** The function that iterations run: one that the script exports, or a scenario of it. Default: the scenario of this name, else default. */
  exec?: string;
  /** When it begins, after the run's beginning; default '0s'. */
  startTime?: string | number;
  /** How long iterations may go on after its end; default '30s'. */
  gracefulStop?: string | number;
  /** Variables of its iterations, in __ENV. */
  env?: Record<string, string>;
  /** Tags of all its samples. */
  tags?: Record<string, string>;
} & (
  | { executor: 'shared-iterations' | 'per-vu-iterations'; vus?: number; iterations?: number; maxDuration?: string | number }
  | { executor: 'constant-vus'; vus?: number; duration: string | number }
  | { executor: 'ramping-vus'; startVUs?: number; stages: Stage[]; gracefulRampDown?: string | number }
  | ({ timeUnit?: string | number; preAllocatedVUs?: number; maxVUs?: number; arrivals?: 'even' | 'poisson' } & (
      | { executor: 'constant-arrival-rate'; rate: number; duration: string | number }
      | { executor: 'ramping-arrival-rate'; startRate?: number; stages: Stage[] }
    ))
);

/** A bound: 'p(95)<200', 'rate>99%', 'avg<1.5s over 10s after 30s'. With abortOnFail the run ends when it is broken. */
export type Threshold = string | { threshold: string; abortOnFail?: boolean; delayAbortEval?: string | number };

export interface Options {
  /** Loads side by side, by name, instead of one made of vus, duration, iterations or stages. */
  scenarios?: { [name: string]: ScenarioLoad };
  /** How many virtual users run at once. */
  vus?: number;
  /** How long iterations are started: '30s', '5m'. */
  duration?: string;
  /** How many iterations are started in all. */
  iterations?: number;
  /** Virtual users over time. */
  stages?: Stage[];
  /** What a run must keep, by metric and filter: { 'http_req_duration{status:200}': ['p(95)<200'] }. See docs/thresholds.md. */
  thresholds?: { [metric: string]: Threshold | Threshold[] };
  /** What makes an iteration fail; default all three. */
  failOn?: ('exceptions' | 'checks' | 'requests')[];
  /** Keep cookies from one iteration of a virtual user to its next. */
  noCookiesReset?: boolean;
  /** How long beforeAll may take; default '60s'. */
  setupTimeout?: string;
  /** How long afterAll may take; default '60s'. */
  teardownTimeout?: string;
  /** How the service is sized; of a plain run the tolerance and the objectives count, too: 'p(95)<200ms'. */
  sizing?: { tolerance?: string | number; objectives?: string | string[]; [name: string]: any };
  [name: string]: any;
}

/** What must hold of a value: functions, or what came of them. */
export type Checks<T> = { [name: string]: ((value: T) => unknown) | string | number | boolean | null | undefined };`

// Module returns the module's table.
func Module() jsapi.Module {
	return jsapi.Define(jsapi.Module{Name: "plimsoll", Aliases: []string{"k6"}, Doc: doc, Types: types + "\n\n" + metrics.Types}, newInstance, append(exports(),
		metrics.Exports(func(m *module) *metrics.Instance { return m.metrics() })...)...)
}

func exports() []jsapi.Export[*module] {
	return []jsapi.Export[*module]{
		jsapi.Function("scenario",
			"(name: string, options: ScenarioOptions, fn: (context: Context) => unknown): void;\n(name: string, fn: (context: Context) => unknown): void",
			"Declares a scenario, at the top level of the script. The function may be async. Names are unique.",
			(*module).scenario),
		jsapi.Function("beforeAll",
			"(fn: () => unknown): void",
			"Runs once, before the load. What it returns (or its promise comes to) is given to each virtual user as `data`, by way of JSON. If it throws, the test does not start.",
			hook("beforeAll")),
		jsapi.Function("afterAll",
			"(fn: (context: Context) => unknown): void",
			"Runs once, when the load has ended and each virtual user has gone. If it throws, the exit code is 3: what the test made may still be there.",
			hook("afterAll")),
		jsapi.Function("beforeVU",
			"(fn: (context: Context) => Defaults | void | Promise<Defaults | void>): void",
			"Runs once for each virtual user, before its first iteration. What it returns are defaults for the user's requests, such as `{ headers: { Authorization: … } }`.",
			hook("beforeVU")),
		jsapi.Function("afterVU",
			"(fn: (context: Context) => unknown): void",
			"Runs once for each virtual user, after its last iteration: to delete what it made, for example. If it throws, the exit code is 3.",
			hook("afterVU")),
		jsapi.Function("options",
			"(options: Options): void",
			"Sets options, as `export const options = { … }` does. Flags of the command line win over both.",
			(*module).options),
		jsapi.Function("check",
			"<T>(value: T, checks: Checks<T>, tags?: Record<string, string | number | boolean>): boolean",
			"Counts for each name whether its function returns something true for the value, and returns whether all did. A false check makes the iteration fail, and lets it go on.",
			(*module).check),
		jsapi.Function("sleep",
			"(seconds: number): void",
			"Blocks the virtual user.",
			(*module).sleep),
		jsapi.Function("group",
			"<R>(name: string, fn: () => R): R",
			"Runs the function at once and returns what it returns; the checks in it are counted under the group's name. Groups nest. The function must not be async.",
			(*module).group),
		jsapi.Function("fail",
			"(message?: string): never",
			"Ends the iteration, which fails with this message.",
			(*module).fail),
		jsapi.Function("randomSeed",
			"(seed: number): void",
			"Makes `Math.random` of this virtual user repeat the same numbers.",
			(*module).randomSeed),
	}
}

// module is the state of the module in one virtual machine.
type module struct {
	jsapi.Args
	conn   jsapi.Connector
	rec    jsapi.Recorder
	loop   jsapi.Loop
	script jsapi.Registrar
	host   jsapi.Host
	own    *metrics.Instance // nil: not asked for yet
	groups []string
	path   string // groups, joined
	checks map[checkKey]known
}

func newInstance(h jsapi.Host) *module {
	return &module{
		Args: jsapi.Args{VM: h.VM()}, conn: jsapi.Need[jsapi.Connector](h), rec: jsapi.Need[jsapi.Recorder](h),
		loop: jsapi.Need[jsapi.Loop](h), script: jsapi.Need[jsapi.Registrar](h), host: h,
	}
}

// metrics is the state of the classes of own metrics, which few scripts use.
func (m *module) metrics() *metrics.Instance {
	if m.own == nil {
		m.own = metrics.New(m.host)
	}
	return m.own
}

// running throws when the script is still being loaded.
func (m *module) running() {
	if m.conn.Client() == nil {
		m.Throw("it cannot be called while the script is loaded: call it in a scenario, or in beforeAll, beforeVU and the like")
	}
}
