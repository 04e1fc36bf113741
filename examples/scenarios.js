// Teaches: several loads side by side, each with its own executor, start and functions.
//
//   plimsoll run examples/scenarios.js --demo
//   plimsoll run examples/scenarios.js --demo --scenario orders
//
// Each entry of options.scenarios says when iterations start (executor), what
// they run (exec: a function that is exported here, or a scenario('…') of the
// script), and what they are told (env, tags). k6 reads the same options.
// docs/scenarios.md has all executors and keys.

import { check, sleep } from 'plimsoll'
import http from 'plimsoll/http'

const length = __ENV.LENGTH || '10s'

export const options = {
  scenarios: {
    // People who look around: so many at once, whatever the server takes.
    browsing: {
      executor: 'ramping-vus', exec: 'browse', startVUs: 2,
      stages: [{ duration: length, target: 8 }],
      gracefulRampDown: '2s',
    },
    // Orders that arrive at a rate, however long each takes: open load.
    orders: {
      executor: 'constant-arrival-rate', exec: 'order', rate: 20, timeUnit: '1s', duration: length,
      preAllocatedVUs: 5, maxVUs: 50,
      env: { SHOP: 'default' }, tags: { money: 'yes' },
    },
    // One nightly job that runs beside them, a while later: three users, five records each.
    nightly: {
      executor: 'per-vu-iterations', exec: 'report', vus: 3, iterations: 5, startTime: '500ms', maxDuration: '30s',
    },
  },
}

const server = __ENV.SERVER_URL || 'http://127.0.0.1:8888/v1'
const signedIn = server.replace('://', '://ann:secret@') // basic auth in the address

export function browse() {
  check(http.get(`${server}/`), { 'is up': (r) => r.status === 200 })
  sleep(0.1)
}

export function order() {
  const shop = __ENV.SHOP || 'default' // of the scenario: others do not see it
  const res = http.get(`${signedIn}/buckets/${shop}/collections`, { tags: { name: '/collections' } })
  check(res, { 'has lists': (r) => r.status === 200 })
}

export function report() {
  check(http.get(`${signedIn}/`), { 'signed in': (r) => r.status === 200 && r.json('user.id') !== undefined })
}
