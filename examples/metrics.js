// Teaches: metrics of your own, their tags, and thresholds about them.
//
//   plimsoll run examples/metrics.js
//
// A metric is made at the top level and gets its values in iterations. The
// summary, the page, --json and the record show all of them.

import { check } from 'plimsoll'
import http from 'plimsoll/http'
import { Counter, Gauge, Rate, Trend } from 'plimsoll/metrics'

const server = __ENV.SERVER_URL || 'http://127.0.0.1:8888/v1'

const beats = new Counter('beats')
const size = new Gauge('answer_bytes')
const quick = new Rate('quick')
const waiting = new Trend('beat_waiting', true) // true: milliseconds

export const options = {
  vus: 2,
  iterations: 20,
  thresholds: {
    beats: ['count>0'],
    'quick{part:heart}': ['rate>0.1'],
    beat_waiting: ['p(95)<5000'],
  },
}

export default function () {
  const res = http.get(`${server}/__heartbeat__`)
  check(res, { 'status is 200': (r) => r.status === 200 })
  beats.add(1)
  size.add(String(res.body).length)
  quick.add(res.timings.duration < 1000, { part: 'heart' })
  waiting.add(res.timings.waiting)
}
