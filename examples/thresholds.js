// Teaches: what a run must keep, so that a pipeline fails when it does not.
//
//   plimsoll run examples/thresholds.js --demo
//   plimsoll run examples/thresholds.js --demo --threshold 'http_req_duration: p(95)<1us'
//
// Each metric has a list of bounds; times are milliseconds, or have a unit. The
// exit code is 4 when one is broken: the second command shows it. A filter in
// braces names the samples that a bound is about. `over 5s` must hold in each
// five seconds (`after 30s` would leave a warm-up out), and abortOnFail ends the
// run as soon as its bound is broken. docs/thresholds.md has all of it.

import { check, scenario } from 'plimsoll'
import http from 'plimsoll/http'

export const options = {
  vus: 2,
  duration: '5s',
  thresholds: {
    http_req_duration: ['p(95)<2s', 'p(95)<2s over 5s'],
    'http_req_duration{name:front page}': ['med<1s'],
    'http_req_failed{scenario:shop}': [{ threshold: 'rate<5%', abortOnFail: true, delayAbortEval: '1s' }],
    'checks{check:is up}': ['rate>99%'],
    iterations: ['count>10'],
  },
}

const server = __ENV.SERVER_URL || 'http://127.0.0.1:8888/v1'

scenario('shop', () => {
  const front = http.get(`${server}/`, { tags: { name: 'front page' } })
  check(front, { 'is up': (r) => r.status === 200 })
})
